-- An account of an outside identity provider has no password, and neither has one that was deleted but whose orders
-- stay.
ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;
ALTER TABLE users ADD COLUMN deleted_at timestamptz;
CREATE INDEX users_listing ON users (created_at, id);

-- Sessions, one row each: the token that may be exchanged next, and the one before it. A token names its session and
-- nobody else knows that name, so any third token of a session is an old one. Nothing was written to the table before.
DROP TABLE refresh_tokens;
CREATE TABLE refresh_tokens (
    family        uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    -- What the program calls itself that the user signed in with.
    client        text CHECK (length(client) BETWEEN 1 AND 200),
    -- SHA-256 of the tokens.
    token_hash    bytea NOT NULL CHECK (length(token_hash) = 32),
    previous_hash bytea CHECK (length(previous_hash) = 32),
    rotated_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    -- When an old token of the session was used.
    revoked_at    timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);

-- The one-time token that was mailed to an account last.
CREATE TABLE password_resets (
    user_id    uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    expires_at timestamptz NOT NULL
);

-- Accounts whose access tokens say more than is true any more: of another role, or gone (NULL). Without a foreign key,
-- because it outlives the account.
CREATE TABLE account_changes (
    user_id    uuid PRIMARY KEY,
    role       text CHECK (role IN ('user', 'admin')),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX account_changes_time ON account_changes (changed_at);
