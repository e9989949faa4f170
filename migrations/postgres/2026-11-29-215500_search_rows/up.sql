-- On SQLite what is searched becomes a table of its own, as it always was here.
SELECT 1;
