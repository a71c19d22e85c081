import PostgresClient
package import Ticketing

/// What the comparison with Redis reads.
extension PostgresLaneRepository {
    package func laneOwner(of partition: Partition) async throws(RepositoryError) -> String? {
        try await first(SelectLaneOwner.query(partition)) { row throws(PostgresError) in try row.decode(String.self) }
    }

    package func books(
        of event: EventID, buyers: [UserID], mostOrders: Int
    ) async throws(RepositoryError) -> EventBooks? {
        try await first(SelectBooks.query(event, buyers, mostOrders: mostOrders)) { row throws(PostgresError) in
            try SelectBooks.decode(row, event, mostOrders: mostOrders)
        }
    }

    package func ledger(of event: EventID) async throws(RepositoryError) -> EventLedger? {
        try await first(SelectLedger.query(event), SelectLedger.decode)
    }

    package func heldUnits(of event: EventID) async throws(RepositoryError) -> [UserID: Int] {
        let held = try await all(SelectBuyers.query(event), SelectBuyers.decode)
        return Dictionary(held.map { ($0.user, $0.units) }) { first, _ in first }
    }

    package func endedOrders(
        of event: EventID, olderThan age: Duration, limit: Int
    ) async throws(RepositoryError) -> [OrderID] {
        try await all(SelectEndedOrders.query(event, olderThan: age, limit: limit)) { row throws(PostgresError) in
            try row.decode(OrderID.self)
        }
    }

    package func expiredHolds(
        in partition: Partition, olderThan age: Duration
    ) async throws(RepositoryError) -> ExpiredHolds {
        let row = try await first(SelectExpiredHolds.query(partition, olderThan: age)) { row throws(PostgresError) in
            try row.decode(Int64.self, Int64.self)
        }
        guard let (count, oldest) = row, count > 0 else { return ExpiredHolds(count: 0, oldest: .zero) }
        return ExpiredHolds(count: Int(count), oldest: .milliseconds(oldest) - age)
    }
}
