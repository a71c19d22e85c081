-- Mails to be sent because of a change: a row is written in the change's own statement, and a dispatcher sends it.
--
-- Without foreign keys, for the reason of `pending_orders`: a row goes with every order that ends. A mail whose account
-- or order is gone by the time it is sent is skipped.
CREATE TABLE mails (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL
                 CHECK (kind IN ('order_confirmed', 'order_cancelled', 'order_refunded', 'password_reset',
                                 'ticket_received', 'ticket_void')),
    -- Who gets it; the address is read when it is sent.
    user_id      uuid NOT NULL,
    order_id     uuid,
    -- What the mail says and no other table knows. A password reset's token is here until the mail has ended.
    parameters   jsonb NOT NULL DEFAULT '{}',
    -- Forward only, but that an operator may have a dead one tried again. `skipped`: overtaken by later changes.
    state        text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'skipped', 'dead')),
    attempts     integer NOT NULL DEFAULT 0,
    -- While a dispatcher has it: when it is another's to take.
    next_try     timestamptz NOT NULL DEFAULT now(),
    -- What the last attempt failed with: for programs, and for operators.
    failure_code text,
    failure      text,
    sent_at      timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now()
);
-- Somebody sits and waits for a password reset: it must not stand behind the confirmations of a whole sale.
CREATE INDEX mails_due ON mails (next_try) WHERE state = 'waiting' AND kind <> 'password_reset';
CREATE INDEX mails_urgent ON mails (next_try) WHERE state = 'waiting' AND kind = 'password_reset';
CREATE INDEX mails_dead ON mails (id) WHERE state = 'dead';
CREATE INDEX mails_order ON mails (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX mails_user ON mails (user_id);

-- The payments of an order that are not in `payments_captured`: refunds above all, which its mails and its books look
-- for.
CREATE INDEX payments_others ON payments (order_id) WHERE kind <> 'charge' OR status <> 'captured';
