-- What has ended since the last trace went out is found by the time of its end; under traces in changes stands the end up to
-- which they went, in microseconds of Unix time. 0: none yet.
CREATE INDEX escalations_ended ON escalations (ended_at, id) WHERE ended_at IS NOT NULL;
INSERT INTO changes (topic, version) VALUES ('traces', 0);
