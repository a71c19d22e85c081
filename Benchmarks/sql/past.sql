-- What a shop in use has: buyers, and an earlier event that sold out. Without it Postgres plans the foreign-key checks of
-- a new database as sequential scans, and every rate falls as the tables grow.
--
-- Variables: past_orders (count).

-- Of partition 0 by its id, however many there are: a lane takes no event that is another's.
\set past_event 901b3ce6-addb-4001-9023-11078ebdba35

INSERT INTO users (id, email, password_hash)
SELECT md5('past buyer ' || n)::uuid, 'past-' || n || '@bench.example', '-'
FROM generate_series(1, 20000) AS n
ON CONFLICT DO NOTHING;

INSERT INTO events (id, partition, title, venue, event_date, ticket_price, currency, total_tickets, available_tickets,
    limit_per_buyer, sale_state)
VALUES (:'past_event'::uuid, 0, 'An earlier event', 'Hall', now() + interval '1 day', 45.00, 'EUR', :past_orders, 0,
    1000, 'closed')
ON CONFLICT DO NOTHING;

INSERT INTO ticket_orders (id, user_id, event_id, partition, quantity, total_amount, currency, payment_method, status,
    stream_id)
SELECT md5('past order ' || n)::uuid, md5('past buyer ' || (1 + n % 20000))::uuid, :'past_event'::uuid, 0, 1, 45.00,
    'EUR', 'pm_accepted', 'confirmed', '0-' || n
FROM generate_series(1, :past_orders) AS n
ON CONFLICT DO NOTHING;

INSERT INTO tickets (ticket_code, order_id)
SELECT md5('past ticket ' || n), md5('past order ' || n)::uuid
FROM generate_series(1, :past_orders) AS n
ON CONFLICT DO NOTHING;

VACUUM ANALYZE users, events, ticket_orders, tickets;
