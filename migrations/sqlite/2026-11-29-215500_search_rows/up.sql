-- What is searched stands in a table like any other, found by its request at once, and the full text is an index of it.
-- Before, it lay inside the full text, where SQLite found it only by reading all of it: each erasure did. `number` is a
-- column of its own because rows that the full text points to must not be numbered anew by VACUUM.
ALTER TABLE ticket_search RENAME TO ticket_search_before;
CREATE TABLE ticket_search (
    number INTEGER PRIMARY KEY,
    ticket_id BLOB NOT NULL UNIQUE,
    body TEXT NOT NULL
);
INSERT INTO ticket_search (ticket_id, body) SELECT ticket_id, body FROM ticket_search_before ORDER BY rowid;
DROP TABLE ticket_search_before;

CREATE VIRTUAL TABLE ticket_search_words
    USING fts5 (body, content = 'ticket_search', content_rowid = 'number', tokenize = 'unicode61');
-- What is deleted from the full text is deleted from its index at once, not only marked there.
INSERT INTO ticket_search_words (ticket_search_words, rank) VALUES ('secure-delete', 1);
INSERT INTO ticket_search_words (ticket_search_words) VALUES ('rebuild');

CREATE TRIGGER ticket_search_in AFTER INSERT ON ticket_search
BEGIN
    INSERT INTO ticket_search_words (rowid, body) VALUES (new.number, new.body);
END;
CREATE TRIGGER ticket_search_out AFTER DELETE ON ticket_search
BEGIN
    INSERT INTO ticket_search_words (ticket_search_words, rowid, body) VALUES ('delete', old.number, old.body);
END;
CREATE TRIGGER ticket_search_anew AFTER UPDATE ON ticket_search
BEGIN
    INSERT INTO ticket_search_words (ticket_search_words, rowid, body) VALUES ('delete', old.number, old.body);
    INSERT INTO ticket_search_words (rowid, body) VALUES (new.number, new.body);
END;
