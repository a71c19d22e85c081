DROP TABLE unpublished_settlements;
