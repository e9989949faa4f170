-- How many adoptions are in preparation or suspended is told beside the gaps; of millions nearly all are live.
CREATE INDEX adoptions_by_state ON adoptions (state, service, ars) WHERE ended_at IS NULL;
