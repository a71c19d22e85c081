-- What an order gets back, and what became of it at the provider. A refund is asked for in the transaction that takes
-- its tickets away, and is carried out by a message of the outbox; its id is the key that the provider knows it by.
CREATE TABLE refunds (
    id              uuid PRIMARY KEY,
    order_id        uuid NOT NULL REFERENCES ticket_orders ON DELETE CASCADE,
    cause           text NOT NULL CHECK (cause IN ('admin', 'event_cancelled')),
    status          text NOT NULL CHECK (status IN ('requested', 'refunded', 'failed')),
    amount          numeric(12,2) NOT NULL CHECK (amount >= 0),
    currency        char(3) NOT NULL,
    -- The tickets that were paid back; all that were valid when its event was cancelled.
    tickets         text[] NOT NULL,
    reason          text CHECK (length(reason) <= 500),
    -- Without a foreign key: who it was stays known when the account is gone.
    actor_id        uuid,
    idempotency_key text,
    -- What was asked for under the key: tickets and reason.
    request         text,
    -- The provider's name for it, and what the last attempt failed with.
    reference       text,
    failure         text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refunds_order ON refunds (order_id, created_at);
CREATE UNIQUE INDEX refunds_key ON refunds (order_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('release', 'void', 'refund'));
ALTER TABLE outbox
    ADD COLUMN refund_id  uuid,
    -- How often an operator has had it tried again after the provider had refused it for good: each time is another
    -- request to the provider, under a key of its own.
    ADD COLUMN generation integer NOT NULL DEFAULT 0;
-- A refund may fail long after it was made: then its message, delivered as it is, is looked for by its order.
CREATE INDEX outbox_of_order ON outbox (order_id) WHERE kind <> 'release';

-- A cancelled event stays so: its sale is closed, and its orders end or are given back.
ALTER TABLE events
    ADD COLUMN cancelled_at  timestamptz,
    ADD COLUMN cancel_reason text CHECK (length(cancel_reason) <= 500);
CREATE INDEX events_cancelled ON events (cancelled_at) WHERE cancelled_at IS NOT NULL;

-- What the payment provider has told of by webhooks. Hints: each event counts once, whatever comes of it.
CREATE TABLE provider_events (
    id          text PRIMARY KEY,
    kind        text NOT NULL,
    -- The order that it is about, where it says so, and the provider's object.
    order_id    uuid,
    object      text,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX provider_events_age ON provider_events (received_at);
