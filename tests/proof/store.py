"""What the database holds, read past Lotse, as plain rows.

Invariant: changes nothing. Ids are UUIDs as text, times seconds since 1970, whatever the database keeps them as.
"""

import datetime
import json
import sqlite3
import uuid

TABLES = {
    "tickets": "id, number, status, ars, external_reference, created_at",
    "ticket_history": "id, ticket_id, at, event",
    "escalations": "id, ticket_id, status, note, step, chain, acknowledge_by, acknowledged_at, ended_at, created_at",
    "outbox": "id, about, purpose, channel, recipient, status, attempts, dedupe, created_at",
    "notices": "id, ticket_id, told_at, created_at",
    "inbound_mails": "id, state, ticket_id",
    "contacts": "slug, phone, email_endpoint",
    "endpoints": "id, address",
    "help_channels": "id, ars, phone",
}
TIMES = ("at", "created_at", "acknowledge_by", "acknowledged_at", "ended_at", "told_at")


def read(database):
    """All of it; the tables at one moment each, when nothing moves any more."""
    rows = {}
    for table, columns in TABLES.items():
        columns = columns.split(", ")
        if hasattr(database, "path"):
            with sqlite3.connect(f"file:{database.path}?mode=ro", uri=True) as line:
                found = [dict(zip(columns, row)) for row in line.execute(f"SELECT {','.join(columns)} FROM {table}")]
        else:
            text = database.psql(f"SELECT row_to_json(r) FROM (SELECT {','.join(columns)} FROM {table}) r")
            found = [json.loads(line) for line in text.splitlines()]
        rows[table] = [{name: plain(name, value) for name, value in row.items()} for row in found]
    return rows


def plain(name, value):
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value))
    if name in TIMES and isinstance(value, str):
        at = datetime.datetime.fromisoformat(value.replace(" ", "T"))
        return at.replace(tzinfo=at.tzinfo or datetime.timezone.utc).timestamp()
    if name == "event":
        event = json.loads(value)
        return event.pop("data") | event
    if name == "chain":
        return json.loads(value)
    return value


def waiting(database):
    """How much has still to leave, to be told, and to be decided by itself."""
    sql = ("SELECT (SELECT count(*) FROM outbox WHERE status = 'pending') + "
           "(SELECT count(*) FROM notices WHERE told_at IS NULL)")
    if hasattr(database, "path"):
        with sqlite3.connect(f"file:{database.path}?mode=ro", uri=True) as line:
            return line.execute(sql).fetchone()[0]
    return int(database.psql(sql))
