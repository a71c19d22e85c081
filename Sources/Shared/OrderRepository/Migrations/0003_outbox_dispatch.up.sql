-- The outbox carries more than units on their way back to Redis, which a lane delivers itself, in order. What any worker
-- may do is of another kind: `void` ends the charge of a cancelled order and refunds what was captured.
ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('release', 'void'));
ALTER TABLE outbox
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN next_try timestamptz NOT NULL DEFAULT now(),
    -- What the last attempt failed with.
    ADD COLUMN failure  text,
    -- When it was given up on.
    ADD COLUMN dead_at  timestamptz;
CREATE INDEX outbox_due ON outbox (next_try) WHERE delivered_at IS NULL AND dead_at IS NULL AND kind <> 'release';
-- One order's messages are delivered in their order.
CREATE INDEX outbox_order ON outbox (order_id, id) WHERE delivered_at IS NULL AND dead_at IS NULL AND kind <> 'release';
