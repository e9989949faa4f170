-- In which language the person who asked is written to.
ALTER TABLE tickets ADD COLUMN reply_language TEXT NOT NULL DEFAULT 'de';
-- Requests that go on in another one are told what that one is told.
CREATE INDEX tickets_merged_into ON tickets (merged_into) WHERE merged_into IS NOT NULL;
