package import PostgresClient
import Synchronization
import Ticketing

/// A provider for demonstrations and tests. Its books are tables of its own (schema `simulated_provider`), as an
/// outside party's would be: they outlive every worker, and tests compare them with ours.
///
/// The payment method decides: `pm_accepted`; `pm_declined`; `pm_slow` is accepted after 5 s; `pm_error_then_accepted`
/// fails once per order and is accepted from then on; anything else is declined.
///
/// Charges that arrive while a statement runs go together in the next one: whoever finds nobody at work writes for
/// all who wait.
package final class SimulatedPaymentGateway: PaymentGateway {
    /// How long `pm_slow` takes.
    private static let slowness: Duration = .seconds(5)
    /// Charges in one statement.
    private static let batchLimit = 1_000

    private typealias Waiter = CheckedContinuation<Result<ChargeOutcome, PaymentError>, Never>

    private struct State {
        var waiting: [(charge: Charge, waiter: Waiter)] = []
        var isWriting = false
    }

    private let postgres: PostgresClient
    private let state = Mutex(State())

    package init(postgres: PostgresClient) { self.postgres = postgres }

    /// Makes the provider's tables, once; workers that start together wait for each other.
    package func prepare() async throws(PaymentError) {
        do {
            try await postgres.withTransaction { connection in
                _ = try await connection.query("SELECT pg_advisory_xact_lock(7368616)::text")
                try await connection.execute(script: SimulatedPaymentGateway.schema)
            }
        } catch {
            throw PaymentError("the simulated provider's tables could not be made", underlying: error)
        }
    }

    package func charge(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        if charge.method.text == "pm_slow" {
            do { try await Task.sleep(for: SimulatedPaymentGateway.slowness) } catch {
                throw PaymentError("cancelled before the provider answered", underlying: error)
            }
        }
        let result = await withCheckedContinuation { (waiter: Waiter) in
            let isFirst = state.withLock { state in
                state.waiting.append((charge, waiter))
                defer { state.isWriting = true }
                return !state.isWriting
            }
            // Not a child of the caller: it writes for others too, who must not be cancelled with the caller.
            if isFirst { Task { await self.writeAll() } }
        }
        return try result.get()
    }

    package func end(_ charge: Charge) async throws(PaymentError) -> ChargeOutcome {
        let order = charge.order
        guard let status = try await books(EndCharge.query(order)) else {
            throw PaymentError("the provider's books gave no row")
        }
        return status == "captured" ? .captured(reference: "sim_\(order)") : .declined(reference: "sim_\(order)")
    }

    package func refund(_ refund: Refund) async throws(PaymentError) -> String {
        let isGiven: Bool
        do {
            isGiven = try await postgres.withTransaction { connection in
                // Two refunds of one charge stand in line here, so each sees what the other has given.
                guard try await connection.query(LockCharge.query(refund.order)).rows.first != nil else { return false }
                return try await connection.query(RefundCharge.query(refund)).affected > 0
            }
        } catch {
            throw PaymentError("the provider is not reachable", underlying: error)
        }
        guard isGiven else {
            throw PaymentError(
                "less than \(refund.amount.amount) is left of the charge of order \(refund.order)", isFinal: true)
        }
        return "sim_refund_\(refund.key)"
    }

    package func captured(after cursor: String?, limit: Int) async throws(PaymentError) -> CapturedPage {
        let keys: [String]
        do {
            keys = try await postgres.query(SelectCaptured.query(after: cursor, limit: limit)).rows
                .map { try $0.decode(String.self) }
        } catch {
            throw PaymentError("the provider is not reachable", underlying: error)
        }
        return CapturedPage(orders: keys.compactMap { OrderID($0) }, next: keys.count == limit ? keys.last : nil)
    }

    /// Runs a statement on the provider's books and returns its first text.
    private func books(_ query: PostgresQuery) async throws(PaymentError) -> String? {
        do { return try await postgres.query(query).rows.first?.decode(String.self) } catch {
            throw PaymentError("the provider is not reachable", underlying: error)
        }
    }

    /// Writes until nobody waits.
    private func writeAll() async {
        while let batch = takeBatch() {
            let outcomes: Result<[OrderID: ChargeOutcome?], PaymentError>
            do { outcomes = .success(try await record(batch.map(\.charge))) } catch {
                outcomes = .failure(PaymentError("the provider is not reachable", underlying: error))
            }
            for (charge, waiter) in batch {
                waiter.resume(
                    returning: outcomes.flatMap { outcomes in
                        guard let outcome = outcomes[charge.order] ?? nil else {
                            return .failure(PaymentError("the provider failed"))
                        }
                        return .success(outcome)
                    })
            }
        }
    }

    private func takeBatch() -> [(charge: Charge, waiter: Waiter)]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isWriting = false
                return nil
            }
            let batch = Array(state.waiting.prefix(SimulatedPaymentGateway.batchLimit))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }

    /// Writes charges to the books and reads their outcomes from them; nil where this attempt fails.
    private func record(_ charges: [Charge]) async throws -> [OrderID: ChargeOutcome?] {
        // One row per order: two attempts at once are one.
        let distinct = Dictionary(charges.map { ($0.order, $0) }) { first, _ in first }.values.sorted {
            $0.order.description < $1.order.description
        }
        let result = try await postgres.query(RecordCharges.query(distinct))
        var outcomes: [OrderID: ChargeOutcome?] = [:]
        for row in result.rows {
            let (order, status) = try RecordCharges.decode(row)
            switch status {
            case "captured": outcomes[order] = .captured(reference: "sim_\(order)")
            case "declined": outcomes[order] = .declined(reference: "sim_\(order)")
            default: outcomes[order] = .some(nil)
            }
        }
        return outcomes
    }

    private static let schema = """
        CREATE SCHEMA IF NOT EXISTS simulated_provider;
        CREATE TABLE IF NOT EXISTS simulated_provider.charges (
            idempotency_key text PRIMARY KEY,
            amount          bigint NOT NULL,
            currency        text NOT NULL,
            method          text NOT NULL,
            status          text NOT NULL CHECK (status IN ('captured', 'declined', 'error')),
            attempts        integer NOT NULL DEFAULT 1,
            created_at      timestamptz NOT NULL DEFAULT now(),
            -- When all of it was given back, and how much of it was.
            refunded_at     timestamptz,
            refunded        bigint NOT NULL DEFAULT 0
        );
        ALTER TABLE simulated_provider.charges
            ADD COLUMN IF NOT EXISTS refunded_at timestamptz, ADD COLUMN IF NOT EXISTS refunded bigint NOT NULL DEFAULT 0;
        CREATE TABLE IF NOT EXISTS simulated_provider.refunds (
            idempotency_key text PRIMARY KEY,
            charge          text NOT NULL REFERENCES simulated_provider.charges,
            amount          bigint NOT NULL,
            created_at      timestamptz NOT NULL DEFAULT now()
        );
        """
}

/// Declines a charge that did not come out, or that nobody has asked for yet.
private enum EndCharge {
    static func query(_ order: OrderID) -> PostgresQuery {
        """
        INSERT INTO simulated_provider.charges AS c (idempotency_key, amount, currency, method, status)
        VALUES (\(order.description), 0, '', '', 'declined')
        ON CONFLICT (idempotency_key) DO UPDATE
        SET status = CASE c.status WHEN 'error' THEN 'declined' ELSE c.status END
        RETURNING status
        """
    }
}

private enum LockCharge {
    static func query(_ order: OrderID) -> PostgresQuery {
        """
        SELECT idempotency_key FROM simulated_provider.charges
        WHERE idempotency_key = \(order.description) AND status = 'captured' FOR UPDATE
        """
    }
}

/// Gives a part of a charge back unless that was done under this key, and touches the charge in both cases; neither
/// when too little is left.
private enum RefundCharge {
    static func query(_ refund: Refund) -> PostgresQuery {
        """
        WITH given AS (
            INSERT INTO simulated_provider.refunds (idempotency_key, charge, amount)
            SELECT \(refund.key), idempotency_key, \(refund.amount.amount) FROM simulated_provider.charges
            WHERE idempotency_key = \(refund.order.description) AND refunded + \(refund.amount.amount) <= amount
            ON CONFLICT (idempotency_key) DO NOTHING RETURNING amount
        )
        UPDATE simulated_provider.charges
        SET refunded = refunded + coalesce((SELECT amount FROM given), 0),
            refunded_at = CASE WHEN refunded + coalesce((SELECT amount FROM given), 0) >= amount
                          THEN coalesce(refunded_at, now()) END
        WHERE idempotency_key = \(refund.order.description)
              AND (EXISTS (SELECT FROM given)
                   OR EXISTS (SELECT FROM simulated_provider.refunds WHERE idempotency_key = \(refund.key)))
        """
    }
}

private enum SelectCaptured {
    static func query(after cursor: String?, limit: Int) -> PostgresQuery {
        """
        SELECT idempotency_key FROM simulated_provider.charges
        WHERE idempotency_key > \(cursor ?? "") AND status = 'captured' AND refunded_at IS NULL
        ORDER BY idempotency_key LIMIT \(limit)
        """
    }
}

/// Enters charges into the provider's books; a key that is there already keeps its outcome, unless that was an error.
private enum RecordCharges {
    static func query(_ charges: [Charge]) -> PostgresQuery {
        """
        INSERT INTO simulated_provider.charges AS c (idempotency_key, amount, currency, method, status)
        SELECT n.key, n.amount, n.currency, n.method, CASE n.method
               WHEN 'pm_accepted' THEN 'captured' WHEN 'pm_slow' THEN 'captured'
               WHEN 'pm_error_then_accepted' THEN 'error' ELSE 'declined' END
        FROM unnest(\(charges.map(\.order.description)), \(charges.map(\.amount.amount)),
                    \(charges.map(\.amount.currency.rawValue)), \(charges.map(\.method.text)))
             AS n (key, amount, currency, method)
        ON CONFLICT (idempotency_key) DO UPDATE
        SET attempts = c.attempts + 1, status = CASE c.status WHEN 'error' THEN 'captured' ELSE c.status END
        RETURNING idempotency_key, status
        """
    }

    static func decode(_ row: PostgresRow) throws -> (OrderID, String) {
        let (key, status) = try row.decode(String.self, String.self)
        guard let order = OrderID(key) else { throw PaymentError("the provider's books have an unreadable key") }
        return (order, status)
    }
}
