-- When notices reach whom: the choice of a contact, and who is to hear what waits.

-- at_once | hourly | daily HH:MM (Europe/Berlin)
ALTER TABLE contacts ADD COLUMN notify TEXT NOT NULL DEFAULT 'at_once';

-- recipient is the contact's slug, or "the operator"; NULL until somebody was found.
ALTER TABLE notices ADD COLUMN recipient TEXT;
ALTER TABLE notices ADD COLUMN urgent BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX notices_untold;
CREATE INDEX notices_unaddressed ON notices (id) WHERE told_at IS NULL AND recipient IS NULL;
CREATE INDEX notices_waiting ON notices (recipient, urgent, created_at) WHERE told_at IS NULL;
CREATE INDEX notices_of_ticket ON notices (ticket_id) WHERE told_at IS NULL;

-- The mails of the last hour, without those of what is urgent alone, as a JSON list of times.
ALTER TABLE notice_recipients ADD COLUMN recent TEXT NOT NULL DEFAULT '[]';
