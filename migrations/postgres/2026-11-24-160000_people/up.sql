-- People, what they may, their sessions, and the record of what everybody did.

-- People -----------------------------------------------------------------------------------------------------

-- state: invited | active | disabled. password: a PHC string of argon2id. totp: sealed; totp_step: the last one used.
CREATE TABLE users (
    id UUID PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT,
    state TEXT NOT NULL,
    password TEXT,
    totp BYTEA,
    totp_confirmed_at TIMESTAMP,
    totp_step BIGINT,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    last_login_at TIMESTAMP,
    version INTEGER NOT NULL
);

-- One role in one scope; source: given | provider.
CREATE TABLE user_grants (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
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
    user_id UUID NOT NULL REFERENCES users (id),
    linked_at TIMESTAMP NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX user_identities_user ON user_identities (user_id);

CREATE TABLE recovery_codes (
    hash BYTEA PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    used_at TIMESTAMP
);
CREATE INDEX recovery_codes_user ON recovery_codes (user_id);

-- Links of invitations and resets; only the newest of a person is good.
CREATE TABLE user_links (
    hash BYTEA PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    purpose TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP
);
CREATE INDEX user_links_user ON user_links (user_id);

-- stage: second_factor (password was right, the code is still owed) | open. id_token: sealed, for the provider's log-out.
CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,
    user_id UUID NOT NULL REFERENCES users (id),
    stage TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    issuer TEXT,
    provider_session TEXT,
    id_token BYTEA
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_provider ON sessions (provider_session) WHERE provider_session IS NOT NULL;
CREATE INDEX sessions_age ON sessions (ends_at);

-- A log-in on its way to the provider and back.
CREATE TABLE login_flows (
    hash BYTEA PRIMARY KEY,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    return_to TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX login_flows_age ON login_flows (created_at);

-- Log-out tokens of the provider that were used.
CREATE TABLE logout_tokens (
    jti TEXT PRIMARY KEY,
    seen_at TIMESTAMP NOT NULL
);

-- Failed tries; key is a kind and a hash, never a name or an address.
CREATE TABLE throttles (
    key TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at TIMESTAMP NOT NULL,
    blocked_until TIMESTAMP
);
CREATE INDEX throttles_age ON throttles (last_at);

-- A token may belong to a person, be bound to services, channels and addresses.
ALTER TABLE tokens ADD COLUMN owner UUID REFERENCES users (id);
ALTER TABLE tokens ADD COLUMN services TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tokens ADD COLUMN channel TEXT;
ALTER TABLE tokens ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';
CREATE INDEX tokens_owner ON tokens (owner);

-- Audit ------------------------------------------------------------------------------------------------------

-- Append-only. seq and hash are set once, a moment after the entry, when it joins the chain.
CREATE TABLE audit_entries (
    id UUID PRIMARY KEY,
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    object_id TEXT NOT NULL,
    before TEXT,
    after TEXT,
    seq BIGINT UNIQUE,
    hash BYTEA
);
CREATE INDEX audit_entries_object ON audit_entries (object, object_id, id);
CREATE INDEX audit_entries_loose ON audit_entries (id) WHERE seq IS NULL;
-- Whoever chains entries holds this row meanwhile.
INSERT INTO changes (topic, version) VALUES ('audit', 0);

CREATE FUNCTION audit_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND OLD.hash IS NULL
        AND (NEW.id, NEW.at, NEW.actor, NEW.address, NEW.action, NEW.object, NEW.object_id, NEW.before, NEW.after)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.at, OLD.actor, OLD.address, OLD.action, OLD.object, OLD.object_id, OLD.before, OLD.after)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_entries_stay();
CREATE TRIGGER audit_entries_stay_all BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_stay();
