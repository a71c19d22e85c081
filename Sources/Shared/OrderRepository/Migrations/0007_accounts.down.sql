DROP TABLE account_changes, password_resets, refresh_tokens;
CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    family     uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
DROP INDEX users_listing;
ALTER TABLE users DROP COLUMN deleted_at;
-- No password gives this hash: such an account stays closed.
UPDATE users SET password_hash = '-' WHERE password_hash IS NULL;
ALTER TABLE users ALTER COLUMN password_hash SET NOT NULL;
