/// What each of our metrics says, for its `# HELP` line: by the family's name.
enum MetricHelp {
    static let texts = [
        // Gateway.
        "onsale_http_requests_total": "Requests answered, by route and class of status.",
        "onsale_http_request_duration_seconds": "From a request to its answer; long polls wait in it.",
        "onsale_http_problems_total": "Answers that are problems, by code.",
        "onsale_purchases_accepted_total": "Purchases accepted.",
        "onsale_purchases_replayed_total": "Purchases that were accepted before and are answered again.",
        "onsale_purchases_refused_total": "Purchases refused, by code.",
        "onsale_sold_out_cache_answers_total": "Refusals that asked neither Redis nor Postgres.",
        "onsale_reserve_duration_seconds": "A call of the reservation script, by what came of it.",
        "onsale_order_polls_total": "Questions after an order, by what was told.",
        "onsale_backlog": "Orders accepted and not committed yet, by partition.",

        // Lanes.
        "onsale_lane_owned": "Whether this worker has the lane.",
        "onsale_lane_epoch": "Epoch of the lease that this worker has of the lane; 0: none.",
        "onsale_lane_heartbeat_timestamp_seconds": "When the lane last saw to its upkeep, Unix time; 0: not here.",
        "onsale_lane_backlog": "Entries of the lane's stream; 0: not here.",
        "onsale_lane_lag_seconds": "From acceptance to commit, of the oldest order of each batch.",
        "onsale_lane_batch_size": "Orders in a batch.",
        "onsale_lane_commit_seconds": "The commit of a batch of orders.",
        "onsale_lane_settle_seconds": "The commit of a batch of outcomes.",
        "onsale_intents_committed_total": "Entries of the stream that were committed.",
        "onsale_intents_rejected_total": "Entries of the stream that Postgres did not take.",
        "onsale_intents_redelivered_total": "Entries of the stream that had been committed before.",
        "onsale_intents_lost_total": "Entries that Redis has lost: a person should look.",
        "onsale_dead_letters_total": "Entries moved to the dead stream.",
        "onsale_orders_confirmed_total": "Orders confirmed.",
        "onsale_orders_cancelled_total": "Orders cancelled by their lane.",
        "onsale_charges_in_flight": "Orders being paid for or settled.",
        "onsale_charge_failures_total": "Charges without an outcome, which are tried again.",
        "onsale_settlements_refused_total": "Settlements that Postgres has refused: a person should look.",

        // Payments, outbox, mails.
        "onsale_payment_attempts_total": "Calls of the payment provider, by what came of them.",
        "onsale_payment_duration_seconds": "A call of the payment provider.",
        "onsale_charges_unsettled": "Captured charges that end in neither tickets nor a refund, by kind.",
        "onsale_charges_voided_total": "Charges that the comparison of books has had given back.",
        "onsale_outbox_waiting": "Messages of the outbox that wait.",
        "onsale_outbox_oldest_seconds": "Age of the oldest message of the outbox that waits.",
        "onsale_outbox_dead": "Messages of the outbox that were given up on.",
        "onsale_outbox_delivered_total": "Messages of the outbox that were delivered.",
        "onsale_outbox_failures_total": "Attempts at messages of the outbox that failed.",
        "onsale_outbox_overdue_total": "Failed attempts at messages that were tried for about an hour.",
        "onsale_mails_waiting": "Mails that wait, up to 10000.",
        "onsale_mails_oldest_seconds": "Age of the oldest of the mails counted as waiting.",
        "onsale_mails_dead": "Mails that were given up on.",
        "onsale_mails_sent_total": "Mails that the mail server has taken.",
        "onsale_mails_skipped_total": "Mails that a later change has overtaken, or that have no recipient any more.",
        "onsale_mail_failures_total": "Attempts at mails that failed.",
        "onsale_cancelled_event_orders_total": "Orders of cancelled events that were ended.",

        // Reconciliation.
        "onsale_drift": "What Redis and Postgres differ by, by kind.",
        "onsale_comparisons_total": "Comparisons of Redis with Postgres, by outcome.",
        "onsale_repairs_total": "Repairs, by kind of drift.",
        "onsale_repairs_refused_total": "Repairs that were not safe, by reason.",
        "onsale_expired_hold_seconds": "How long the oldest pending order is over its hold.",

        // Clients.
        "onsale_redis_call_duration_seconds": "A call of Redis on a shared connection, from the call to its outcome.",
        "onsale_redis_send_wait_seconds": "How long a call waits until it is written to a connection.",
        "onsale_redis_call_failures_total": "Calls of Redis that failed, by code.",
        "onsale_postgres_connection_wait_seconds": "How long a call waits for a connection of the pool.",
        "onsale_postgres_call_duration_seconds": "A statement, a batch or a transaction, without the wait.",
        "onsale_postgres_call_failures_total": "Calls of Postgres that failed, by code.",

        // The process.
        "onsale_event_loop_lag_seconds": "How late timers of event loops fire.",
        "onsale_task_lag_seconds": "How late tasks of the thread pool resume.",
        "onsale_log_records_total": "Log records written, by level.",
        "onsale_trace_spans_exported_total": "Spans that the collector has taken.",
        "onsale_trace_spans_dropped_total": "Spans that never reached the collector, by reason.",
    ]
}
