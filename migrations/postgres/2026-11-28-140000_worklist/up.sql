-- The list of work: open requests alone, in its order, with everything that it is narrowed and counted by. What is
-- ended (nearly all, after some years) is in none of it. The words of the condition are those of the query
-- (src/tickets/store/list.rs): a partial index is used only where both are the same.
CREATE INDEX tickets_open ON tickets ((paused_at IS NOT NULL), respond_by, id, status, claimed_by, channel, service, ars, category) WHERE status NOT IN ('answered', 'closed', 'rejected', 'merged');
