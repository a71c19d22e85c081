-- Plain SQL at its best: one batch of orders with their tickets in one statement, the hot row last.
WITH batch AS (
    SELECT u.id, u.buyer, u.code
    FROM bench_batches AS b, unnest(b.orders, b.users, b.codes) AS u (id, buyer, code)
    WHERE b.n = (SELECT nextval('bench_next_batch'))
), inserted AS (
    INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency, payment_method,
        status, stream_id)
    SELECT id, buyer, md5('bench event')::uuid, 1, 1, 45.00, 'EUR', 'pm_accepted', 'confirmed', '' FROM batch
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), issued AS (
    INSERT INTO tickets (ticket_code, order_id)
    SELECT batch.code, inserted.id FROM inserted JOIN batch USING (id)
    RETURNING 1
)
UPDATE events SET available_tickets = available_tickets - (SELECT count(*) FROM issued)
WHERE id = md5('bench event')::uuid;
