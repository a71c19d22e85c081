-- The whole schema of DESIGN §5. Money is numeric(12,2); times are timestamptz; ids come from the services.

CREATE TABLE deployment (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    partitions integer NOT NULL CHECK (partitions BETWEEN 1 AND 4096),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
    id            uuid PRIMARY KEY,
    email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    password_hash text NOT NULL,
    name          text CHECK (length(name) BETWEEN 1 AND 200),
    role          text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE events (
    id                uuid PRIMARY KEY,
    partition         smallint NOT NULL,
    title             text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    description       text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
    venue             text NOT NULL CHECK (length(venue) BETWEEN 1 AND 200),
    event_date        timestamptz NOT NULL,
    ticket_price      numeric(12,2) NOT NULL CHECK (ticket_price >= 0),
    currency          char(3) NOT NULL,
    total_tickets     integer NOT NULL CHECK (total_tickets >= 0),
    available_tickets integer NOT NULL,
    limit_per_buyer   integer NOT NULL CHECK (limit_per_buyer > 0),
    sale_opens_at     timestamptz,
    sale_closes_at    timestamptz,
    sale_state        text NOT NULL DEFAULT 'scheduled' CHECK (sale_state IN ('scheduled', 'open', 'paused', 'closed')),
    image_url         text,
    -- Raised by each load of the stock into Redis; 0 says it was never loaded.
    stock_epoch       bigint NOT NULL DEFAULT 0,
    -- Raised by each change an organiser makes; tells the lane what Redis has not seen.
    revision          bigint NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    -- The last wall against an oversell.
    CONSTRAINT events_stock CHECK (available_tickets BETWEEN 0 AND total_tickets),
    CONSTRAINT events_window CHECK (sale_closes_at IS NULL OR sale_opens_at IS NULL OR sale_opens_at < sale_closes_at)
) WITH (fillfactor = 50);
CREATE INDEX events_partition ON events (partition);
CREATE INDEX events_listing ON events (event_date, id);

CREATE TABLE ticket_orders (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    event_id       uuid NOT NULL REFERENCES events ON DELETE RESTRICT,
    partition      smallint NOT NULL,
    quantity       integer NOT NULL CHECK (quantity > 0),
    total_amount   numeric(12,2) NOT NULL CHECK (total_amount >= 0),
    currency       char(3) NOT NULL,
    payment_method text NOT NULL,
    status         text NOT NULL CHECK (status IN ('pending', 'paid', 'confirmed', 'cancelled', 'refunded')),
    failure_code   text,
    -- The stream entry that was committed: tells a redelivery from a second acceptance of the same order.
    stream_id      text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
    -- Room on each page for the row's second version, so that settling an order writes no index.
) WITH (fillfactor = 50);
CREATE INDEX ticket_orders_user ON ticket_orders (user_id, created_at);
CREATE INDEX ticket_orders_event ON ticket_orders (event_id);

-- The orders whose status is 'pending', oldest first. A table, not a partial index on the status: that would make each
-- change of a status write every index of the order anew. Without a foreign key, which would cost each order a lookup:
-- its row is written and removed in the statements that write the order, and passed over once the order is gone.
CREATE TABLE pending_orders (
    partition  smallint NOT NULL,
    created_at timestamptz NOT NULL,
    order_id   uuid NOT NULL,
    PRIMARY KEY (partition, created_at, order_id)
);

CREATE TABLE tickets (
    -- Compared byte by byte: by a language's rules each insert into the index would cost several times as much.
    ticket_code text COLLATE "C" PRIMARY KEY CHECK (length(ticket_code) >= 20),
    order_id    uuid NOT NULL REFERENCES ticket_orders ON DELETE CASCADE,
    status      text NOT NULL DEFAULT 'valid' CHECK (status IN ('valid', 'used', 'cancelled', 'transferred')),
    used_at     timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tickets_order ON tickets (order_id);

-- Each charge and refund attempt, with the outcome the provider gave.
CREATE TABLE payments (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id   uuid NOT NULL REFERENCES ticket_orders ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('charge', 'refund')),
    status     text NOT NULL CHECK (status IN ('captured', 'declined', 'refunded', 'failed')),
    amount     numeric(12,2) NOT NULL CHECK (amount >= 0),
    currency   char(3) NOT NULL,
    reference  text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- At most one captured charge per order.
CREATE UNIQUE INDEX payments_captured ON payments (order_id) WHERE kind = 'charge' AND status = 'captured';

-- What must happen outside Postgres because of a change inside it; written in the change's own transaction.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('release')),
    partition    smallint NOT NULL,
    event_id     uuid NOT NULL,
    order_id     uuid NOT NULL,
    user_id      uuid NOT NULL,
    quantity     integer NOT NULL CHECK (quantity > 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (partition, id) WHERE delivered_at IS NULL;

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    family     uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);

CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    actor_id   uuid REFERENCES users ON DELETE SET NULL,
    action     text NOT NULL,
    subject    text NOT NULL,
    before     jsonb,
    after      jsonb,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One row a lane: who may write for the partition, and until when.
CREATE TABLE worker_leases (
    partition  smallint PRIMARY KEY,
    owner      text NOT NULL,
    epoch      bigint NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
