-- Mails to be sent; written in the statement of what they tell of.
CREATE TABLE mails (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    order_id   uuid,
    parameters jsonb NOT NULL DEFAULT '{}',
    state      text NOT NULL DEFAULT 'waiting',
    attempts   integer NOT NULL DEFAULT 0,
    next_try   timestamptz NOT NULL DEFAULT now(),
    failure    text,
    sent_at    timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
