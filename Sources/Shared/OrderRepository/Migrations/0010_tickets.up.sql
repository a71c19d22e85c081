-- Who has a ticket that was handed on; NULL: the buyer of its order. A ticket that changes hands is issued anew, so
-- this is never changed, and the order's own tickets are those where it is NULL. Without a foreign key, which would
-- cost a sale a check for each ticket: the row in `ticket_transfers` that is written with it has one.
ALTER TABLE tickets ADD COLUMN holder_id uuid;

-- The chain of custody: a row each time a ticket changes hands, by which the code it had becomes void and a new one
-- good.
CREATE TABLE ticket_transfers (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The code that the order got; all of a chain have it.
    original_code text COLLATE "C" NOT NULL,
    -- A code is given away once and comes from one transfer.
    from_code     text COLLATE "C" NOT NULL UNIQUE REFERENCES tickets ON DELETE CASCADE,
    to_code       text COLLATE "C" NOT NULL UNIQUE REFERENCES tickets ON DELETE CASCADE,
    from_id       uuid REFERENCES users ON DELETE SET NULL,
    to_id         uuid REFERENCES users ON DELETE SET NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CHECK (from_id <> to_id)
);
CREATE INDEX ticket_transfers_original ON ticket_transfers (original_code, id);
CREATE INDEX ticket_transfers_from ON ticket_transfers (from_id);
-- Also finds the tickets that somebody was given.
CREATE INDEX ticket_transfers_to ON ticket_transfers (to_id);

-- Who let a ticket in; when is the ticket's `used_at`. One row a ticket at most, and none is ever changed. Without a
-- foreign key to `users`: who it was stays known when the account is gone.
CREATE TABLE ticket_redemptions (
    ticket_code text COLLATE "C" PRIMARY KEY REFERENCES tickets ON DELETE CASCADE,
    redeemed_by uuid NOT NULL,
    gate        text CHECK (length(gate) BETWEEN 1 AND 100),
    -- Chosen by the gate: the same again is the same scan, whose answer was lost.
    nonce       text NOT NULL CHECK (length(nonce) BETWEEN 16 AND 128)
);
