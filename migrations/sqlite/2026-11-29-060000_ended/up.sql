-- The list of what has ended, which after some years is nearly everything: the newest first, in a state, everywhere or
-- in one place, with everything that it is narrowed by. What is open is in neither, so that taking in a request pays
-- nothing for them. The words of the condition are those of the query (src/tickets/store/list.rs).
CREATE INDEX tickets_ended ON tickets (status, id, ars, service, channel, claimed_by, category) WHERE status IN ('answered', 'closed', 'rejected', 'merged');
CREATE INDEX tickets_ended_place ON tickets (ars, status, id, service, channel, claimed_by, category) WHERE status IN ('answered', 'closed', 'rejected', 'merged');
