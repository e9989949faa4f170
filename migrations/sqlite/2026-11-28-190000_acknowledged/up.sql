-- Which contact took an escalation; its name alone does not tell two of one name apart. Filled in for what was taken
-- before where only one of those asked has that name.
ALTER TABLE escalations ADD COLUMN acknowledged_contact TEXT;
UPDATE escalations SET acknowledged_contact = (
    SELECT min(asked.contact)
    FROM escalation_contacts asked JOIN contacts ON contacts.slug = asked.contact
    WHERE asked.escalation_id = escalations.id AND contacts.name = escalations.acknowledged_name
    HAVING count(*) = 1
)
WHERE acknowledged_name IS NOT NULL;
