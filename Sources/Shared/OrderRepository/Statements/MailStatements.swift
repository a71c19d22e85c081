import Foundation
import PostgresClient
import Ticketing

/// Takes due mails, without waiting for those that another dispatcher is taking, password resets first, and reads what
/// they are about. An attempt counts from here: a mail that kills its dispatcher each time is given up on, too. What
/// only a newer version knows, a kind or a reason, holds nothing up.
///
/// `LATERAL … OFFSET 0` leaves the planner one way, as in `SettleOrders`.
enum ClaimMails {
    static func query(limit: Int, hidden: Duration) -> PostgresQuery {
        """
        WITH urgent AS MATERIALIZED (
            SELECT id FROM mails WHERE state = 'waiting' AND kind = 'password_reset' AND next_try <= now()
            ORDER BY next_try LIMIT \(limit) FOR UPDATE SKIP LOCKED
        ), other AS MATERIALIZED (
            SELECT id FROM mails WHERE state = 'waiting' AND kind <> 'password_reset' AND next_try <= now()
                  AND kind = ANY (\(MailKind.allCases.map(\.rawValue)))
            ORDER BY next_try LIMIT \(limit) - (SELECT count(*) FROM urgent) FOR UPDATE SKIP LOCKED
        ), claimed AS (
            UPDATE mails
            SET attempts = attempts + 1, next_try = now() + \(hidden.milliseconds) * interval '1 millisecond'
            WHERE id = ANY (ARRAY(SELECT id FROM urgent UNION ALL SELECT id FROM other))
            RETURNING id, kind, user_id, order_id, parameters, attempts, created_at
        )
        SELECT m.id, m.kind, m.attempts, m.created_at, (extract(epoch FROM now() - m.created_at) * 1000)::bigint,
               u.email, u.name, m.parameters ->> 'token', t.ticket_code,
               CASE WHEN m.parameters ->> 'amount' ~ '^[0-9]{1,12}$' THEN (m.parameters ->> 'amount')::bigint END,
               o.id, o.status, o.failure_code, o.quantity, (o.total_amount * 100)::bigint, o.currency, r.amount,
               e.title, e.venue, e.event_date,
               array(SELECT ticket_code FROM tickets
                     WHERE order_id = o.id AND status = 'valid' AND holder_id IS NULL ORDER BY ticket_code)
        FROM claimed m
             LEFT JOIN LATERAL (SELECT email, name FROM users WHERE id = m.user_id OFFSET 0) u ON true
             LEFT JOIN LATERAL (SELECT ticket_code, order_id FROM tickets
                                WHERE ticket_code = m.parameters ->> 'ticket'
                                      AND (status IN ('valid', 'used') OR m.kind = 'ticket_void')
                                OFFSET 0) t ON true
             LEFT JOIN LATERAL (SELECT * FROM ticket_orders WHERE id = coalesce(m.order_id, t.order_id) OFFSET 0) o
                ON true
             LEFT JOIN LATERAL (SELECT title, venue, event_date FROM events WHERE id = o.event_id OFFSET 0) e ON true
             LEFT JOIN LATERAL (SELECT (coalesce(sum(amount), 0) * 100)::bigint AS amount FROM payments
                                WHERE order_id = o.id AND kind = 'refund' AND status = 'refunded' OFFSET 0) r ON true
        ORDER BY m.kind <> 'password_reset', m.id
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> WaitingMail {
        let (
            id, kind, attempts, createdAt, age, email, name, token, ticket, amount, order, status, reason, quantity,
            total, currency, refunded, event, venue, date, tickets
        ) = try row.decode(
            Int64.self, String.self, Int32.self, Date.self, Int64.self, String?.self, String?.self, String?.self,
            String?.self, Int64?.self, OrderID?.self, OrderStatus?.self, String?.self, Int32?.self,
            Int64?.self, Currency?.self, Int64?.self, String?.self, String?.self, Date?.self, [String].self)
        guard let kind = MailKind(rawValue: kind) else { throw .unexpected("kind of a mail") }
        var mail = WaitingMail(
            id: id, kind: kind, attempts: Int(attempts), createdAt: createdAt, age: .milliseconds(age),
            recipient: email.map { .init(email: $0, name: name) }, token: token,
            ticket: ticket.flatMap { TicketCode($0) }, amount: amount)
        if let order, let status, let quantity, let total, let currency, let refunded, let event, let venue, let date {
            mail.order = MailedOrder(
                id: order, status: status, reason: reason.flatMap { CancellationReason(rawValue: $0) },
                quantity: Int(quantity),
                total: try Money(minorUnits: total, currency: currency),
                refunded: try Money(minorUnits: refunded, currency: currency), event: event, venue: venue, date: date,
                tickets: tickets.compactMap { TicketCode($0) })
        }
        return mail
    }
}

/// A token goes with the end of its mail, whatever the end is.
enum RecordMailResults {
    static func query(_ results: [MailResult]) -> PostgresQuery {
        let rows = results.map { Row($0) }
        return """
            UPDATE mails m
            SET state = r.state, failure_code = r.code, failure = r.failure,
                sent_at = CASE WHEN r.state = 'sent' THEN now() END,
                next_try = now() + r.pause * interval '1 millisecond',
                parameters = CASE WHEN r.state = 'waiting' THEN m.parameters ELSE m.parameters - 'token' END
            FROM unnest(\(rows.map(\.id)), \(rows.map(\.attempts)), \(rows.map(\.state.rawValue)), \(rows.map(\.code)),
                        \(rows.map(\.failure)), \(rows.map(\.pause)))
                 AS r (id, attempts, state, code, failure, pause)
            WHERE m.id = r.id AND m.state = 'waiting' AND (m.attempts = r.attempts OR r.state = 'sent')
            """
    }

    private struct Row {
        let id: Int64
        let attempts: Int32
        var state: MailState
        var code: String?
        var failure: String?
        /// Milliseconds.
        var pause: Int64 = 0

        init(_ result: MailResult) {
            id = result.mail.id
            attempts = Int32(result.mail.attempts)
            switch result.outcome {
            case .sent: state = .sent
            case .skipped(let code, let reason):
                state = .skipped
                self.code = code
                failure = reason
            case .failed(let code, let failure, let pause):
                state = pause == nil ? .dead : .waiting
                self.code = code
                self.failure = failure
                self.pause = pause?.milliseconds ?? 0
            }
        }
    }
}

/// Read by `SelectOutboxDepth.decode`. One part for each partial index, and no more of it than is counted: after a sale
/// that outran the mails, Postgres read all of them on every processor each time.
enum SelectMailDepth {
    static func query(limit: Int) -> PostgresQuery {
        """
        WITH waiting AS (
            (SELECT created_at FROM mails WHERE state = 'waiting' AND kind <> 'password_reset'
             ORDER BY next_try LIMIT \(limit))
            UNION ALL
            (SELECT created_at FROM mails WHERE state = 'waiting' AND kind = 'password_reset'
             ORDER BY next_try LIMIT \(limit))
        )
        SELECT least(count(*), \(limit)), coalesce((extract(epoch FROM now() - min(created_at)) * 1000)::bigint, 0),
               (SELECT count(*) FROM mails WHERE state = 'dead')
        FROM waiting
        """
    }
}

enum SelectMailRows {
    static func query(areDead: Bool, limit: Int) -> PostgresQuery {
        """
        SELECT id, kind, user_id, order_id, attempts, created_at, next_try, failure, state = 'dead'
        FROM mails WHERE state = 'dead' OR (state = 'waiting' AND NOT \(areDead)) ORDER BY id LIMIT \(limit)
        """
    }
}

extension MailRow {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (id, kind, user, order, attempts, createdAt, nextTry, failure, isDead) = try row.decode(
            Int64.self, String.self, UserID.self, OrderID?.self, Int32.self, Date.self, Date.self, String?.self,
            Bool.self)
        self.init(
            id: id, kind: kind, user: user, order: order, attempts: Int(attempts), createdAt: createdAt,
            nextTry: nextTry, failure: failure, isDead: isDead)
    }
}

/// Attempts of one that was given up on start anew, so that the pauses do too. One that waits for its next try has that
/// now; one that a dispatcher has under way stays as it is, because it looks the same but for the failure.
enum RetryMail {
    static func query(_ id: Int64) -> PostgresQuery {
        """
        UPDATE mails SET state = 'waiting', next_try = now(), attempts = CASE state WHEN 'dead' THEN 0 ELSE attempts END
        WHERE id = \(id) AND (state = 'waiting' OR (state = 'dead' AND kind <> 'password_reset'))
        """
    }
}

enum DeleteMails {
    /// The oldest rows alone are looked at. None waits for long, so what is to go is always among them.
    static func query(olderThan age: Duration) -> PostgresQuery {
        """
        DELETE FROM mails WHERE id IN (
            SELECT id FROM (SELECT id, state, created_at FROM mails ORDER BY id LIMIT 1000) AS oldest
            WHERE state <> 'waiting' AND created_at < now() - \(age.milliseconds) * interval '1 millisecond')
        """
    }

    static func query(of user: UserID) -> PostgresQuery { "DELETE FROM mails WHERE user_id = \(user)" }

    /// Those that would bring a token.
    static func resets(of user: UserID) -> PostgresQuery {
        "DELETE FROM mails WHERE user_id = \(user) AND kind = 'password_reset' AND state = 'waiting'"
    }
}

/// Columns of `mails` that make an `OrderMail`.
private let columns = "kind, state, attempts, created_at, sent_at, failure_code"

extension OrderMail {
    init(_ row: PostgresRow) throws(PostgresError) {
        let (kind, state, attempts, createdAt, sentAt, code) = try row.decode(
            String.self, String.self, Int32.self, Date.self, Date?.self, String?.self)
        try self.init(kind, state, attempts, createdAt, sentAt, code)
    }

    fileprivate init(
        _ kind: String, _ state: String, _ attempts: Int32, _ createdAt: Date, _ sentAt: Date?, _ code: String?
    ) throws(PostgresError) {
        guard let kind = MailKind(rawValue: kind), let state = MailState(rawValue: state) else {
            throw .unexpected("kind or state of a mail")
        }
        self.init(
            kind: kind, state: state, attempts: Int(attempts), createdAt: createdAt, sentAt: sentAt,
            failureCode: code)
    }
}

enum SelectMailsOfOrder {
    static func query(_ order: OrderID) -> PostgresQuery {
        "SELECT \(unescaped: columns) FROM mails WHERE order_id = \(order) ORDER BY id DESC LIMIT 100"
    }
}

enum LockOrderForMail {
    static func query(_ order: OrderID, _ user: UserID) -> PostgresQuery {
        "SELECT status FROM ticket_orders WHERE id = \(order) AND user_id = \(user) FOR NO KEY UPDATE"
    }
}

/// One that waits, if there is one, else the last; and its age in milliseconds.
enum SelectLastConfirmation {
    static func query(_ order: OrderID) -> PostgresQuery {
        """
        SELECT \(unescaped: columns), (extract(epoch FROM clock_timestamp() - created_at) * 1000)::bigint FROM mails
        WHERE order_id = \(order) AND kind = 'order_confirmed' ORDER BY state = 'waiting' DESC, id DESC LIMIT 1
        """
    }

    static func decode(_ row: PostgresRow) throws(PostgresError) -> (OrderMail, age: Duration) {
        let (kind, state, attempts, createdAt, sentAt, code, age) = try row.decode(
            String.self, String.self, Int32.self, Date.self, Date?.self, String?.self, Int64.self)
        return (try OrderMail(kind, state, attempts, createdAt, sentAt, code), .milliseconds(age))
    }
}

enum InsertConfirmation {
    static func query(_ order: OrderID, _ user: UserID) -> PostgresQuery {
        """
        INSERT INTO mails (kind, user_id, order_id) VALUES ('order_confirmed', \(user), \(order))
        RETURNING \(unescaped: columns)
        """
    }
}
