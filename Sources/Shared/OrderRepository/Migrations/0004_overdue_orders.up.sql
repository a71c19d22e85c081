-- An order whose hold is over before the payment provider has said how its charge came out: it stays pending, but its
-- units are sold to others. It stands in this table instead of `pending_orders`, for the same reasons as there. When the
-- charge turns out to be captured, the order takes units again if there are any, or else gets its money back.
ALTER TABLE ticket_orders ADD COLUMN hold_ended boolean NOT NULL DEFAULT false;

CREATE TABLE overdue_orders (
    partition  smallint NOT NULL,
    created_at timestamptz NOT NULL,
    order_id   uuid NOT NULL,
    PRIMARY KEY (partition, created_at, order_id)
);
