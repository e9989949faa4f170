-- The twin in the other folder has the same tables; ids are UUID here and 16-byte BLOB there.

-- What other processes should notice: a rising number a topic.
CREATE TABLE changes (
    topic TEXT PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO changes (topic, version) VALUES ('directory', 0), ('places', 0), ('access', 0);

-- Sealing keys, each wrapped by the master key named in master. A ticket's key has the ticket's id.
CREATE TABLE sealing_keys (
    id UUID PRIMARY KEY,
    wrapped BYTEA NOT NULL,
    master TEXT NOT NULL
);
CREATE INDEX sealing_keys_master ON sealing_keys (master);

-- Delivery ---------------------------------------------------------------------------------------------------

CREATE TABLE endpoints (
    id UUID PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    secret BYTEA,
    previous_secret BYTEA,
    previous_until TIMESTAMP,
    state TEXT NOT NULL,
    failing_since TIMESTAMP,
    bounced_at TIMESTAMP,
    disabled_at TIMESTAMP,
    disabled_because TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
-- A mailbox has one endpoint; its address is kept in small letters.
CREATE UNIQUE INDEX endpoints_mailbox ON endpoints (address) WHERE channel = 'email';
CREATE INDEX endpoints_disabled ON endpoints (id) WHERE state = 'disabled';

-- While a worker holds a row, lease is its mark and next_attempt_at the end of the lease.
CREATE TABLE outbox (
    id UUID PRIMARY KEY,
    about UUID NOT NULL,
    purpose TEXT NOT NULL,
    channel TEXT NOT NULL,
    endpoint_id UUID REFERENCES endpoints (id),
    recipient TEXT NOT NULL,
    content BYTEA NOT NULL,
    sealed_under UUID,
    dedupe TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at TIMESTAMP,
    lease UUID,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX outbox_due ON outbox (channel, next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX outbox_endpoint ON outbox (channel, endpoint_id, next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX outbox_exhausted ON outbox (id) WHERE status = 'exhausted';
CREATE INDEX outbox_about ON outbox (about, id);

CREATE TABLE delivery_attempts (
    id UUID PRIMARY KEY,
    delivery_id UUID NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    at TIMESTAMP NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX delivery_attempts_delivery ON delivery_attempts (delivery_id, id);

-- What delivery learned and somebody else has to act on.
CREATE TABLE delivery_events (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    delivery_id UUID,
    about UUID,
    endpoint_id UUID,
    detail TEXT NOT NULL,
    at TIMESTAMP NOT NULL,
    handled_at TIMESTAMP
);
CREATE INDEX delivery_events_open ON delivery_events (id) WHERE handled_at IS NULL;
CREATE INDEX delivery_events_delivery ON delivery_events (delivery_id);
CREATE INDEX delivery_events_about ON delivery_events (about);

-- Access -----------------------------------------------------------------------------------------------------

CREATE TABLE tokens (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    regions TEXT NOT NULL,
    contact TEXT,
    hash BYTEA NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP,
    last_used_at TIMESTAMP
);

CREATE TABLE idempotency (
    token_id UUID NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    status INTEGER NOT NULL,
    location TEXT,
    body TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (token_id, route, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

-- Directory --------------------------------------------------------------------------------------------------

-- The Länder themselves are built in; this is what guards changes of their agreements and fallback contacts.
CREATE TABLE lands (
    code TEXT PRIMARY KEY,
    version INTEGER NOT NULL
);
INSERT INTO lands (code, version) VALUES ('SH', 1), ('HH', 1), ('NI', 1), ('HB', 1), ('NW', 1), ('HE', 1), ('RP', 1),
    ('BW', 1), ('BY', 1), ('SL', 1), ('BE', 1), ('BB', 1), ('MV', 1), ('SN', 1), ('ST', 1), ('TH', 1);

CREATE TABLE land_agreements (
    operating_land TEXT NOT NULL,
    using_land TEXT NOT NULL,
    PRIMARY KEY (operating_land, using_land)
);

CREATE TABLE municipalities (
    ars TEXT PRIMARY KEY,
    ags TEXT NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    land TEXT NOT NULL,
    district TEXT NOT NULL,
    association TEXT NOT NULL,
    kind TEXT NOT NULL,
    postal_code TEXT,
    in_115 BOOLEAN NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX municipalities_ags ON municipalities (ags);
CREATE INDEX municipalities_folded ON municipalities (folded);
CREATE INDEX municipalities_postal_code ON municipalities (postal_code);

CREATE TABLE services (
    slug TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    leistung TEXT,
    operating_land TEXT NOT NULL,
    operator TEXT NOT NULL,
    assessment TEXT NOT NULL,
    notice TEXT,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);

-- owner is the ARS prefix whose editors may change the contact; NULL means shared.
CREATE TABLE contacts (
    slug TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    owner TEXT,
    email_endpoint UUID REFERENCES endpoints (id),
    webhook_endpoint UUID REFERENCES endpoints (id),
    phone TEXT,
    deputy TEXT,
    confirmed_on DATE,
    absent_from DATE,
    absent_until DATE,
    discloses_reporter BOOLEAN NOT NULL,
    valid_from DATE,
    valid_to DATE,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX contacts_email ON contacts (email_endpoint);
CREATE INDEX contacts_webhook ON contacts (webhook_endpoint);

CREATE TABLE adoptions (
    id UUID PRIMARY KEY,
    service TEXT NOT NULL REFERENCES services (slug),
    ars TEXT NOT NULL REFERENCES municipalities (ars),
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    UNIQUE (service, ars)
);
CREATE INDEX adoptions_ars ON adoptions (ars);

-- Who answers for what: scope says which of service, region and land count.
CREATE TABLE duties (
    id UUID PRIMARY KEY,
    scope TEXT NOT NULL,
    service TEXT,
    region TEXT NOT NULL,
    land TEXT,
    duty TEXT NOT NULL,
    contact TEXT NOT NULL REFERENCES contacts (slug),
    position INTEGER NOT NULL,
    valid_from DATE,
    valid_to DATE
);
CREATE INDEX duties_service ON duties (service, region);
CREATE INDEX duties_land ON duties (land);
CREATE INDEX duties_contact ON duties (contact);

CREATE TABLE help_channels (
    id UUID PRIMARY KEY,
    service TEXT NOT NULL,
    ars TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    phone TEXT,
    email TEXT,
    url TEXT,
    hours TEXT NOT NULL,
    languages TEXT NOT NULL,
    cost_note TEXT,
    valid_from DATE,
    valid_to DATE,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX help_channels_adoption ON help_channels (service, ars);

-- Tickets ----------------------------------------------------------------------------------------------------

CREATE TABLE number_blocks (
    year INTEGER PRIMARY KEY,
    next BIGINT NOT NULL
);

CREATE TABLE tickets (
    id UUID PRIMARY KEY,
    number TEXT NOT NULL,
    status TEXT NOT NULL,
    channel TEXT NOT NULL,
    service TEXT NOT NULL,
    ars TEXT NOT NULL,
    category TEXT NOT NULL,
    priority TEXT NOT NULL,
    subject TEXT NOT NULL,
    description TEXT NOT NULL,
    context TEXT NOT NULL,
    reply_wish TEXT NOT NULL,
    external_reference TEXT,
    submitted_by UUID NOT NULL,
    claimed_by UUID,
    claimed_name TEXT,
    merged_into UUID,
    answer TEXT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    respond_by TIMESTAMP NOT NULL,
    paused_at TIMESTAMP,
    answered_at TIMESTAMP,
    closed_at TIMESTAMP
);
CREATE INDEX tickets_due ON tickets (status, respond_by, id);
CREATE INDEX tickets_by_promise ON tickets (respond_by, id);
CREATE INDEX tickets_region ON tickets (ars, respond_by, id);
CREATE INDEX tickets_claimed ON tickets (claimed_by, respond_by, id) WHERE claimed_by IS NOT NULL;

CREATE TABLE ticket_numbers (
    number TEXT PRIMARY KEY,
    ticket_id UUID NOT NULL
);

CREATE TABLE ticket_history (
    id UUID PRIMARY KEY,
    ticket_id UUID NOT NULL,
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL
);
CREATE INDEX ticket_history_ticket ON ticket_history (ticket_id, id);

-- Name and addresses of who asked, sealed under the ticket's own key.
CREATE TABLE ticket_reporters (
    ticket_id UUID PRIMARY KEY,
    sealed BYTEA NOT NULL
);

-- What a central contact should hear; told in at most one mail a minute and recipient.
CREATE TABLE notices (
    id UUID PRIMARY KEY,
    service TEXT NOT NULL,
    ars TEXT NOT NULL,
    ticket_id UUID NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    told_at TIMESTAMP
);
CREATE INDEX notices_untold ON notices (id) WHERE told_at IS NULL;

CREATE TABLE notice_recipients (
    contact TEXT PRIMARY KEY,
    last_told_at TIMESTAMP NOT NULL
);

-- Escalations ------------------------------------------------------------------------------------------------

CREATE TABLE escalations (
    id UUID PRIMARY KEY,
    ticket_id UUID NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    note TEXT NOT NULL,
    chain TEXT NOT NULL,
    skipped TEXT NOT NULL,
    step INTEGER NOT NULL,
    acknowledge_by TIMESTAMP,
    acknowledged_at TIMESTAMP,
    acknowledged_name TEXT,
    reference TEXT,
    answer TEXT,
    return_reason TEXT,
    emergency BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX escalations_ticket ON escalations (ticket_id, id);
CREATE INDEX escalations_due ON escalations (acknowledge_by, id) WHERE acknowledge_by IS NOT NULL;

-- Whom the chain has reached so far; they see the escalation and may answer it.
CREATE TABLE escalation_contacts (
    escalation_id UUID NOT NULL,
    contact TEXT NOT NULL,
    step INTEGER NOT NULL,
    reached_at TIMESTAMP NOT NULL,
    PRIMARY KEY (escalation_id, contact)
);
CREATE INDEX escalation_contacts_contact ON escalation_contacts (contact, escalation_id);

-- Signed links of escalation mails: only their hash is kept.
CREATE TABLE escalation_links (
    hash BYTEA PRIMARY KEY,
    escalation_id UUID NOT NULL,
    contact TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX escalation_links_end ON escalation_links (expires_at);
CREATE INDEX escalation_links_escalation ON escalation_links (escalation_id);

-- Full text, folded by one rule (see tickets/search.rs).
CREATE TABLE ticket_search (
    ticket_id UUID PRIMARY KEY,
    body TEXT NOT NULL
);
-- New entries wait in a list that somebody's insert works off when it is full: a small one, in pauses nobody notices.
CREATE INDEX ticket_search_body ON ticket_search USING GIN (to_tsvector('simple', body))
    WITH (gin_pending_list_limit = 256);
