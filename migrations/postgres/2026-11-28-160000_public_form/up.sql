-- Requests that people write themselves, the link to where theirs stands, and files.

-- Whether a channel is Lotse's own form.
ALTER TABLE help_channels ADD COLUMN form BOOLEAN NOT NULL DEFAULT FALSE;

-- What was written in the public form and waits for its mail address to be confirmed. The id and the key are those of
-- the ticket it becomes. state: unconfirmed | ready (nothing to confirm) | taken | discarded | expired. sealed: what was written, until it is a
-- ticket or is discarded. network: a fingerprint.
CREATE TABLE unconfirmed_requests (
    id UUID NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    service TEXT NOT NULL,
    ars TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMP NOT NULL,
    keep_until TIMESTAMP NOT NULL,
    decided_at TIMESTAMP,
    decided_by TEXT,
    reason TEXT
);
CREATE INDEX unconfirmed_requests_state ON unconfirmed_requests (state, id);
CREATE INDEX unconfirmed_requests_until ON unconfirmed_requests (keep_until) WHERE state IN ('unconfirmed', 'ready');

-- Links by which a person sees where their request stands; of the secret only its hash. about: a ticket's id or that of
-- an unconfirmed request, which is the same. by_mail: it went to the address, so opening it proves the address.
CREATE TABLE status_links (
    hash TEXT NOT NULL PRIMARY KEY,
    about UUID NOT NULL,
    by_mail BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    valid_until TIMESTAMP NOT NULL
);
CREATE INDEX status_links_about ON status_links (about);
CREATE INDEX status_links_until ON status_links (valid_until);

-- Files with a ticket, in the order they came. media: by content. scan: clean | infected | unchecked | off.
-- sealed: the name. gone_at: since when its bytes are not kept. next_scan: when one that could not be looked at is looked at again.
CREATE TABLE ticket_attachments (
    ticket_id UUID NOT NULL,
    position INTEGER NOT NULL,
    media TEXT NOT NULL,
    size BIGINT NOT NULL,
    scan TEXT NOT NULL,
    next_scan TIMESTAMP,
    sealed BYTEA NOT NULL,
    gone_at TIMESTAMP,
    added_at TIMESTAMP NOT NULL,
    added_by TEXT NOT NULL,
    PRIMARY KEY (ticket_id, position)
);
CREATE INDEX ticket_attachments_next_scan ON ticket_attachments (next_scan) WHERE next_scan IS NOT NULL;
CREATE INDEX ticket_attachments_kept ON ticket_attachments (ticket_id) WHERE gone_at IS NULL;

-- The bytes, sealed under the ticket's key; none of an infected file, and none once its time is over.
CREATE TABLE ticket_attachment_contents (
    ticket_id UUID NOT NULL,
    position INTEGER NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (ticket_id, position)
);
