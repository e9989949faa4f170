-- What is due next by the clock, and the days on which nobody is there.

-- remind_at: when the central contact is reminded next. reminded: how far it was reminded of the present promise.
ALTER TABLE tickets ADD COLUMN remind_at TIMESTAMP;
ALTER TABLE tickets ADD COLUMN reminded INTEGER NOT NULL DEFAULT 0;
-- Requests that are there already: nobody knows here by which hours they count, so of them only the end is told; of
-- those that are overdue at once, once each, and of many to the same central contact in one mail. Where the person is
-- waited for the clock stands; it is set when it goes on.
UPDATE tickets SET reminded = 2, remind_at = respond_by WHERE status IN ('new', 'assessing', 'escalated');
CREATE INDEX tickets_remind ON tickets (remind_at, id) WHERE remind_at IS NOT NULL;

-- counted_from: since when the present step, or the wait for the answer, is counted. answer_by: until when whoever
-- took it is to answer. remind_at: when they are reminded next. reminded: how often they were. paused_at: since when
-- they wait for our answer to a question of theirs.
ALTER TABLE escalations ADD COLUMN counted_from TIMESTAMP;
ALTER TABLE escalations ADD COLUMN answer_by TIMESTAMP;
ALTER TABLE escalations ADD COLUMN remind_at TIMESTAMP;
ALTER TABLE escalations ADD COLUMN reminded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE escalations ADD COLUMN paused_at TIMESTAMP;
CREATE INDEX escalations_remind ON escalations (remind_at, id) WHERE remind_at IS NOT NULL;
CREATE INDEX escalations_counted ON escalations (counted_from) WHERE counted_from IS NOT NULL AND ended_at IS NULL;

-- region: an ARS or its beginning; empty is everywhere.
CREATE TABLE closing_days (
    id BLOB NOT NULL PRIMARY KEY,
    region TEXT NOT NULL,
    day DATE NOT NULL,
    reason TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (region, day)
);
