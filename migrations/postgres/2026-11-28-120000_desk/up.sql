-- The conversation with the 2nd level: questions, handing on, signed callbacks, adapters to other ticket systems.

-- What a contact's own system calls the matter: the number for people, the key for its interface. said: the
-- contact's last word, for the page behind its link.
ALTER TABLE escalation_contacts ADD COLUMN reference TEXT;
ALTER TABLE escalation_contacts ADD COLUMN remote_key TEXT;
ALTER TABLE escalation_contacts ADD COLUMN said TEXT;
ALTER TABLE escalation_contacts ADD COLUMN said_at TIMESTAMP;

-- What the 2nd level asks the central contact; open, and their clock stands, while replied_at is empty.
CREATE TABLE escalation_questions (
    id UUID NOT NULL PRIMARY KEY,
    escalation_id UUID NOT NULL,
    contact TEXT,
    asked_by TEXT NOT NULL,
    question TEXT NOT NULL,
    asked_at TIMESTAMP NOT NULL,
    reply TEXT,
    replied_by TEXT,
    replied_at TIMESTAMP
);
CREATE INDEX escalation_questions_escalation ON escalation_questions (escalation_id, id);

-- Who handed on to whom and why. state: proposed | done | declined.
CREATE TABLE escalation_handovers (
    id UUID NOT NULL PRIMARY KEY,
    escalation_id UUID NOT NULL,
    from_contact TEXT,
    from_name TEXT NOT NULL,
    to_contact TEXT NOT NULL,
    to_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    decided_by TEXT,
    decided_at TIMESTAMP
);
CREATE INDEX escalation_handovers_escalation ON escalation_handovers (escalation_id, id);

-- How a contact's own system speaks to us: sealed secrets, and what its words mean (JSON).
CREATE TABLE contact_callbacks (
    contact TEXT NOT NULL PRIMARY KEY REFERENCES contacts (slug),
    id UUID NOT NULL,
    secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_until TIMESTAMP,
    statuses TEXT NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- How messages are put into the words of another ticket system (JSON), and its sealed secrets.
ALTER TABLE endpoints ADD COLUMN adapter TEXT;
ALTER TABLE endpoints ADD COLUMN adapter_secrets BYTEA;

-- What of a receiver's answer somebody has to act on (JSON).
ALTER TABLE delivery_events ADD COLUMN answer TEXT;
