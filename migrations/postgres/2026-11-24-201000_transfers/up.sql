-- What was entered into editorial systems, and which municipality took whose place.

-- day: when it was entered there. digest: of what was published then; empty where that is not known any more.
CREATE TABLE transfers (
    id UUID PRIMARY KEY,
    adoption_id UUID NOT NULL REFERENCES adoptions (id),
    day DATE NOT NULL,
    noted_at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    target TEXT,
    note TEXT,
    digest TEXT NOT NULL
);
CREATE INDEX transfers_adoption ON transfers (adoption_id, id);

-- A key that is gone, and the one in its place.
CREATE TABLE municipality_successors (
    old_ars TEXT PRIMARY KEY,
    new_ars TEXT NOT NULL REFERENCES municipalities (ars),
    valid_on DATE NOT NULL,
    noted_at TIMESTAMP NOT NULL
);

-- changed_at: when its name changed. ended_on: since when it takes no new requests.
ALTER TABLE municipalities ADD COLUMN changed_at TIMESTAMP;
ALTER TABLE municipalities ADD COLUMN ended_on DATE;
