-- What those who run the installation look at: which instances work on this database, and how old the master key is.

-- One row an instance (a process of `lotse serve` or `lotse worker`), renewed every few seconds; standing is JSON: when each
-- of its loops last came round, and how its ways out fare. Removed by an orderly end, and when nobody saw it for a day.
CREATE TABLE instances (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    standing TEXT NOT NULL
);

-- When a master key was first used here; the id is a short hash of it, as in sealing_keys.
CREATE TABLE master_keys (
    id TEXT NOT NULL PRIMARY KEY,
    first_seen_at TIMESTAMP NOT NULL
);

-- The few addresses that something is wrong with, without a walk over all.
CREATE INDEX endpoints_troubled ON endpoints (id) WHERE state <> 'active' OR failing_since IS NOT NULL OR bounced_at IS NOT NULL;
