-- Mails to be sent, each asked for in the statement of the change that it tells of.
CREATE TABLE mails (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    user_id    uuid NOT NULL,
    order_id   uuid,
    parameters jsonb NOT NULL DEFAULT '{}',
    state      text NOT NULL DEFAULT 'waiting',
    attempts   integer NOT NULL DEFAULT 0,
    next_try   timestamptz NOT NULL DEFAULT now(),
    failure    text,
    sent_at    timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
