DELETE FROM outbox WHERE kind <> 'release';
DROP INDEX outbox_order, outbox_due;
ALTER TABLE outbox DROP COLUMN attempts, DROP COLUMN next_try, DROP COLUMN failure, DROP COLUMN dead_at;
ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('release'));
