-- Mail that comes back.

-- message_key: of Message-ID and content, so that a mail that is read again is the same one. sender: a fingerprint.
-- sealed: what it says, under a key of its own. region: who decides where no ticket tells.
CREATE TABLE inbound_mails (
    id UUID PRIMARY KEY,
    mailbox TEXT NOT NULL,
    message_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    escalation_id UUID,
    ticket_id UUID,
    delivery_id UUID,
    region TEXT NOT NULL,
    sender TEXT NOT NULL,
    size BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    received_at TIMESTAMP NOT NULL,
    decided_at TIMESTAMP,
    decided_by TEXT,
    decision TEXT
);
CREATE INDEX inbound_mails_state ON inbound_mails (state, id);
CREATE INDEX inbound_mails_ticket ON inbound_mails (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX inbound_mails_sender ON inbound_mails (sender, received_at);
CREATE INDEX inbound_mails_received ON inbound_mails (received_at);

-- The message byte for byte, for as long as the settings say.
CREATE TABLE inbound_raw (
    mail_id UUID PRIMARY KEY REFERENCES inbound_mails (id),
    sealed BYTEA NOT NULL,
    keep_until TIMESTAMP NOT NULL
);
CREATE INDEX inbound_raw_until ON inbound_raw (keep_until);

CREATE TABLE inbound_attachments (
    mail_id UUID NOT NULL REFERENCES inbound_mails (id),
    position INTEGER NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (mail_id, position)
);

-- Where a mail was read: never read again there, whatever its flags say.
CREATE TABLE inbound_uids (
    mailbox TEXT NOT NULL,
    uid_validity BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    mail_id UUID NOT NULL REFERENCES inbound_mails (id),
    PRIMARY KEY (mailbox, uid_validity, uid)
);
CREATE INDEX inbound_uids_mail ON inbound_uids (mail_id);

-- How reading a mailbox goes; one instance at a time holds the lease.
CREATE TABLE inbound_mailboxes (
    name TEXT PRIMARY KEY,
    lease UUID,
    lease_until TIMESTAMP,
    read_at TIMESTAMP,
    failing_since TIMESTAMP,
    fault TEXT
);

-- Whom an acknowledgement of a new request was sent, as a fingerprint, so that nobody gets one after the other.
CREATE TABLE inbound_acknowledged (
    sender TEXT PRIMARY KEY,
    at TIMESTAMP NOT NULL
);

-- How the other side numbers its own matters, such as INC#######.
ALTER TABLE contacts ADD COLUMN reference_pattern TEXT;
