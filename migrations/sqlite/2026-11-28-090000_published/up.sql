-- What of the directory in memory must be read anew: changed_in is the directory's version (see changes) in which the
-- adoption, or what it shows, was changed last. NULL inside the transaction that changes it, until that raises the
-- version; 0: before anybody counted.
ALTER TABLE adoptions ADD COLUMN changed_in BIGINT;
UPDATE adoptions SET changed_in = 0;
CREATE INDEX adoptions_changed_in ON adoptions (changed_in);
