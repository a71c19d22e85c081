DO $$
BEGIN
    IF EXISTS (SELECT FROM overdue_orders) THEN
        RAISE EXCEPTION 'orders without a hold still wait for the payment provider: let them end first';
    END IF;
END $$;
DROP TABLE overdue_orders;
ALTER TABLE ticket_orders DROP COLUMN hold_ended;
