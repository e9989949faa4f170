-- Contacts that stay true: who was asked whether what is recorded is right, what they said, who was told.

-- Hours in the syntax of OpenStreetMap; service hours where empty.
ALTER TABLE contacts ADD COLUMN hours TEXT;

-- A mail with a link. occasion: first | again | reminder_1 | reminder_2 | asked. answer: confirmed | disputed.
-- Ended without an answer: what it asked about was changed meanwhile.
CREATE TABLE confirmation_requests (
    id BLOB NOT NULL PRIMARY KEY,
    contact TEXT NOT NULL REFERENCES contacts (slug),
    hash BLOB NOT NULL UNIQUE,
    occasion TEXT NOT NULL,
    endpoint_id BLOB NOT NULL REFERENCES endpoints (id),
    sent_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    answer TEXT
);
CREATE INDEX confirmation_requests_contact ON confirmation_requests (contact);
CREATE INDEX confirmation_requests_open ON confirmation_requests (contact) WHERE ended_at IS NULL;
CREATE INDEX confirmation_requests_sent ON confirmation_requests (sent_at);

-- What a contact says is wrong, until an editor changed or confirmed the contact.
CREATE TABLE contact_disputes (
    id BLOB NOT NULL PRIMARY KEY,
    contact TEXT NOT NULL REFERENCES contacts (slug),
    said TEXT NOT NULL,
    said_at TIMESTAMP NOT NULL,
    settled_at TIMESTAMP
);
CREATE INDEX contact_disputes_open ON contact_disputes (contact) WHERE settled_at IS NULL;

-- That a contact is not as it should be, for whoever leads a project with it. cause: stale | unconfirmed | bounced.
CREATE TABLE confirmation_notices (
    id BLOB NOT NULL PRIMARY KEY,
    contact TEXT NOT NULL REFERENCES contacts (slug),
    cause TEXT NOT NULL,
    recipient TEXT NOT NULL REFERENCES contacts (slug),
    created_at TIMESTAMP NOT NULL,
    told_at TIMESTAMP
);
CREATE INDEX confirmation_notices_contact ON confirmation_notices (contact, created_at);
CREATE INDEX confirmation_notices_recipient ON confirmation_notices (recipient, told_at);

-- Whoever asks and tells holds this row meanwhile.
INSERT INTO changes (topic, version) VALUES ('confirmation', 0);
