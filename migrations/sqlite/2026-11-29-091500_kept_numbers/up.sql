-- Uses that are kept name what they show by a number instead of its hash: half as many bytes to read at a start, and no
-- table of hashes to ask millions of times. A number is never given twice. What was kept is written anew.
DELETE FROM kept_help;
UPDATE changes SET version = 0 WHERE topic = 'kept_help';
DROP TABLE kept_ways;
CREATE TABLE kept_ways (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    ways TEXT NOT NULL
);
