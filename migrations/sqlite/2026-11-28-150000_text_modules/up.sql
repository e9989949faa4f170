-- Texts that people use again and again in answers, by region, service and language.

-- region: ARS or its beginning, empty everywhere. service: NULL for every service. body may hold {nummer} and the like.
CREATE TABLE text_modules (
    id BLOB NOT NULL PRIMARY KEY,
    region TEXT NOT NULL,
    service TEXT,
    language TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX text_modules_title ON text_modules (title, id);

-- What of a person stays here in an escalation, whatever a contact may be told (JSON list).
ALTER TABLE escalations ADD COLUMN withheld TEXT NOT NULL DEFAULT '[]';
