-- The event that the direct design and the plain batches sell, and the batches, made before the clock starts.
--
-- Variables: batches (count), batch_size (orders in each).

INSERT INTO events (id, partition, title, venue, event_date, ticket_price, currency, total_tickets, available_tickets,
    limit_per_buyer, sale_state)
VALUES (md5('bench event')::uuid, 1, 'The event on sale', 'Hall', now() + interval '1 day', 45.00, 'EUR', 100000000,
    100000000, 1000000, 'open');

CREATE TABLE bench_batches (
    n       integer PRIMARY KEY,
    orders  uuid[] NOT NULL,
    users   uuid[] NOT NULL,
    codes   text[] NOT NULL
);
CREATE SEQUENCE bench_next_batch;

-- `n * 0` ties each inner query to its row, so that it is run again for every batch.
INSERT INTO bench_batches
SELECT n,
    ARRAY(SELECT gen_random_uuid() AS id FROM generate_series(1, :batch_size + n * 0) ORDER BY id),
    ARRAY(SELECT md5('past buyer ' || (1 + (random() * 19999)::integer))::uuid
          FROM generate_series(1, :batch_size + n * 0)),
    ARRAY(SELECT replace(gen_random_uuid()::text, '-', '') FROM generate_series(1, :batch_size + n * 0))
FROM generate_series(1, :batches) AS n;

VACUUM ANALYZE bench_batches, events;
