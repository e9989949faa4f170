-- Changes of service time after which deadlines that stand are to be counted anew; a row is the work that is left of
-- one. what: closing_day | contact | channel. region: an ARS or its beginning; '' everywhere.
CREATE TABLE recounts (
    id BLOB NOT NULL PRIMARY KEY,
    what TEXT NOT NULL,
    region TEXT NOT NULL,
    subject TEXT NOT NULL,
    day DATE,
    reason TEXT NOT NULL,
    done_to BLOB
);
