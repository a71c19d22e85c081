import Ticketing

extension SaleHistory {
    /// Every reading of an order that showed a state, in the order of the answers, by order.
    var readings: [OrderID: [Operation]] {
        let orders = Dictionary(
            purchases.lazy.compactMap { purchase in purchase.order.map { (purchase.visit.number, $0) } },
            uniquingKeysWith: { own, _ in own })
        var readings: [OrderID: [Operation]] = [:]
        for operation in operations where operation.status != nil && operation.completedAt != nil {
            guard let order = orders[operation.visit] else { continue }
            readings[order, default: []].append(operation)
        }
        return readings.mapValues { $0.sorted { ($0.completedAt ?? 0) < ($1.completedAt ?? 0) } }
    }

    /// The orders that the sendings of each visit's key were given.
    var ordersByVisit: [Int: Set<OrderID>] {
        var orders: [Int: Set<OrderID>] = [:]
        for operation in operations where operation.kind == .purchase || operation.kind == .copy {
            if let order = operation.order { orders[operation.visit, default: []].insert(order) }
        }
        return orders
    }
}
