-- What of the directory in memory must be read anew: changed_in is the directory's version (see changes) in which the
-- adoption, or what it shows, was changed last. NULL inside the transaction that changes it, until that raises the
-- version; 0: before anybody counted.
-- By a default that is taken away again, so that no row is rewritten.
ALTER TABLE adoptions ADD COLUMN changed_in BIGINT DEFAULT 0;
ALTER TABLE adoptions ALTER COLUMN changed_in DROP DEFAULT;
CREATE INDEX adoptions_changed_in ON adoptions (changed_in);
