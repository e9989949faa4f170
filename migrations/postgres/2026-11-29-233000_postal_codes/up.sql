-- Which postal codes there are in which municipality, beside that of its seat; a code may lie in several. Where a list was
-- imported, it is the whole list.
CREATE TABLE postal_codes (
    code TEXT NOT NULL,
    ars TEXT NOT NULL,
    PRIMARY KEY (code, ars)
);
