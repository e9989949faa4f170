-- Callback secrets that were replaced and are still accepted, beside the last one replaced: a contact's system keeps
-- working while its secret is changed twice within the overlap.
CREATE TABLE earlier_callback_secrets (
    id UUID NOT NULL PRIMARY KEY,
    contact TEXT NOT NULL REFERENCES contact_callbacks (contact),
    secret BYTEA NOT NULL,
    until TIMESTAMP NOT NULL
);
CREATE INDEX earlier_callback_secrets_contact ON earlier_callback_secrets (contact, until);
