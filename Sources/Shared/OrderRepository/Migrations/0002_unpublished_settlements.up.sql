-- Settled orders that Redis may not have been told of: a row is written with each settlement and goes once the order
-- records were moved, so a worker that dies in between leaves no record behind that is pending for ever.
CREATE TABLE unpublished_settlements (
    partition smallint NOT NULL,
    id        bigint GENERATED ALWAYS AS IDENTITY,
    orders    uuid[] NOT NULL,
    PRIMARY KEY (partition, id)
);
