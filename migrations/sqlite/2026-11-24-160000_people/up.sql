-- People, what they may, their sessions, and the record of what everybody did.

-- People -----------------------------------------------------------------------------------------------------

-- state: invited | active | disabled. password: a PHC string of argon2id. totp: sealed; totp_step: the last one used.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT,
    state TEXT NOT NULL,
    password TEXT,
    totp BLOB,
    totp_confirmed_at TIMESTAMP,
    totp_step BIGINT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    last_login_at TIMESTAMP,
    version INTEGER NOT NULL
);

-- One role in one scope; source: given | provider.
CREATE TABLE user_grants (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    region TEXT NOT NULL,
    service TEXT,
    channel TEXT,
    contact TEXT,
    source TEXT NOT NULL
);
CREATE INDEX user_grants_user ON user_grants (user_id);

CREATE TABLE user_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    linked_at TIMESTAMP NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX user_identities_user ON user_identities (user_id);

CREATE TABLE recovery_codes (
    hash BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    used_at TIMESTAMP
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);

-- Links of invitations and resets; only the newest of a person is good.
CREATE TABLE user_links (
    hash BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    purpose TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE INDEX user_links_user ON user_links (user_id);

-- stage: second_factor (password was right, the code is still owed) | open. id_token: sealed, for the provider's log-out.
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    user_id BLOB NOT NULL REFERENCES users (id),
    stage TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    issuer TEXT,
    provider_session TEXT,
    id_token BLOB
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_provider ON sessions (provider_session) WHERE provider_session IS NOT NULL;
CREATE INDEX sessions_age ON sessions (ends_at);

-- A log-in on its way to the provider and back.
CREATE TABLE login_flows (
    hash BLOB NOT NULL PRIMARY KEY,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    return_to TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX login_flows_age ON login_flows (created_at);

-- Log-out tokens of the provider that were used.
CREATE TABLE logout_tokens (
    jti TEXT NOT NULL PRIMARY KEY,
    seen_at TIMESTAMP NOT NULL
);

-- Failed tries; key is a kind and a hash, never a name or an address.
CREATE TABLE throttles (
    key TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at TIMESTAMP NOT NULL,
    blocked_until TIMESTAMP
);
CREATE INDEX throttles_age ON throttles (last_at);

-- A token may belong to a person, be bound to services, channels and addresses.
ALTER TABLE tokens ADD COLUMN owner BLOB REFERENCES users (id);
ALTER TABLE tokens ADD COLUMN services TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tokens ADD COLUMN channel TEXT;
ALTER TABLE tokens ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';
CREATE INDEX tokens_owner ON tokens (owner);

-- Audit ------------------------------------------------------------------------------------------------------

-- Append-only. seq and hash are set once, a moment after the entry, when it joins the chain.
CREATE TABLE audit_entries (
    id BLOB NOT NULL PRIMARY KEY,
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    object_id TEXT NOT NULL,
    before TEXT,
    after TEXT,
    seq BIGINT UNIQUE,
    hash BLOB
);
CREATE INDEX audit_entries_object ON audit_entries (object, object_id, id);
CREATE INDEX audit_entries_loose ON audit_entries (id) WHERE seq IS NULL;
-- Whoever chains entries holds this row meanwhile.
INSERT INTO changes (topic, version) VALUES ('audit', 0);

CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit_entries
WHEN OLD.seq IS NOT NULL OR OLD.hash IS NOT NULL
    OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.actor IS NOT OLD.actor OR NEW.address IS NOT OLD.address
    OR NEW.action IS NOT OLD.action OR NEW.object IS NOT OLD.object OR NEW.object_id IS NOT OLD.object_id
    OR NEW.before IS NOT OLD.before OR NEW.after IS NOT OLD.after
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_entries_stay_all BEFORE DELETE ON audit_entries
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- Erasure ----------------------------------------------------------------------------------------------------

-- What is deleted from the full text is deleted from its index at once, not only marked there.
INSERT INTO ticket_search (ticket_search, rank) VALUES ('secure-delete', 1);
