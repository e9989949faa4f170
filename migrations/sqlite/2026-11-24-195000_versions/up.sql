-- Who was responsible for what, when: every state an object of the directory had, and what is planned for it.

-- Who answers for a duty in person, where its contact is a mailbox that several share.
ALTER TABLE duties ADD COLUMN person TEXT;

-- kind: land | service | contact | adoption; key: its code, slug or id. state: the object as it was from this moment
-- on, as JSON without secrets. actor: who changed it; NULL where it was so before anybody kept record.
CREATE TABLE directory_versions (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    at TIMESTAMP NOT NULL,
    actor TEXT,
    reason TEXT,
    ended BOOLEAN NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX directory_versions_object ON directory_versions (kind, key, at, id);

-- A change of a contact that takes effect on a day. state: planned | applied | withdrawn | failed; fields: those it
-- changes; outcome: what hindered it.
CREATE TABLE planned_changes (
    id BLOB NOT NULL PRIMARY KEY,
    contact TEXT NOT NULL REFERENCES contacts (slug),
    takes_effect_on DATE NOT NULL,
    change TEXT NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    planned_at TIMESTAMP NOT NULL,
    state TEXT NOT NULL,
    decided_at TIMESTAMP,
    outcome TEXT
);
CREATE INDEX planned_changes_contact ON planned_changes (contact, takes_effect_on);
CREATE INDEX planned_changes_due ON planned_changes (takes_effect_on) WHERE state = 'planned';
