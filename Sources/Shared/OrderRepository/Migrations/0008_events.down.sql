DROP INDEX audit_log_actor, audit_log_subject;
UPDATE audit_log SET actor_id = NULL WHERE NOT EXISTS (SELECT FROM users WHERE id = actor_id);
ALTER TABLE audit_log ADD CONSTRAINT audit_log_actor_id_fkey
    FOREIGN KEY (actor_id) REFERENCES users ON DELETE SET NULL;
CREATE INDEX ticket_orders_event ON ticket_orders (event_id);
DROP INDEX ticket_orders_of_event, events_search;
DROP FUNCTION search_words(text);
