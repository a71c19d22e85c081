DROP TABLE worker_leases, audit_log, refresh_tokens, outbox, payments, tickets, pending_orders, ticket_orders, events, users, deployment;
