DO $$
BEGIN
    IF EXISTS (SELECT FROM tickets WHERE holder_id IS NOT NULL) THEN
        RAISE EXCEPTION 'tickets were handed on: without their holders they would be their buyers'' again';
    END IF;
END $$;
DROP TABLE ticket_redemptions;
DROP TABLE ticket_transfers;
ALTER TABLE tickets DROP COLUMN holder_id;
