-- The directory in memory written down in its own form, so that a start need not read every adoption: of each service the
-- uses (a copy; adoptions and help_channels are what holds), right as of the version of the directory under kept_help in
-- changes, or later. Ways of help stand once, under the hash of what they say. All of it may be deleted at any time.
CREATE TABLE kept_help (
    service TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    places BIGINT NOT NULL,
    uses BLOB NOT NULL
);
CREATE TABLE kept_ways (
    hash BLOB NOT NULL PRIMARY KEY,
    ways TEXT NOT NULL
);
INSERT INTO changes (topic, version) VALUES ('kept_help', 0);
