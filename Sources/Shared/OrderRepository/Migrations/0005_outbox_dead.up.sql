-- Messages that were given up on: few, looked for by operators and by each comparison with the provider's books.
CREATE INDEX outbox_dead ON outbox (order_id) WHERE delivered_at IS NULL AND dead_at IS NOT NULL;
