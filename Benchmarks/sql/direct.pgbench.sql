-- The direct design: one transaction an order, with the event's row locked from the check to the commit.
\set buyer random(1, 20000)
BEGIN;
SELECT available_tickets, limit_per_buyer, ticket_price, sale_state FROM events
    WHERE id = md5('bench event')::uuid FOR UPDATE;
UPDATE events SET available_tickets = available_tickets - 1 WHERE id = md5('bench event')::uuid;
INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency, payment_method, status,
        stream_id)
    VALUES (gen_random_uuid(), md5('past buyer ' || :buyer)::uuid, md5('bench event')::uuid, 1, 1, 45.00, 'EUR',
        'pm_accepted', 'confirmed', '')
    RETURNING id AS order_id \gset
INSERT INTO tickets (ticket_code, order_id) VALUES (replace(gen_random_uuid()::text, '-', ''), :order_id::uuid);
COMMIT;
