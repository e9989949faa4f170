-- What the public should know now about a service, such as a disruption; shown by "Wer kann mir helfen?".
-- ars: '' everywhere, or 2, 3, 5, 9 or 12 digits. A text in Leichte Sprache or English comes with its title.
CREATE TABLE public_notices (
    id BLOB NOT NULL PRIMARY KEY,
    service TEXT NOT NULL,
    ars TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    title_easy TEXT,
    text_easy TEXT,
    title_en TEXT,
    text_en TEXT,
    since TIMESTAMP NOT NULL,
    until TIMESTAMP,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX public_notices_service ON public_notices (service, ars);
