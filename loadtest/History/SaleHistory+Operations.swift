import Foundation
import Ticketing

extension SaleHistory {
    /// Puts the purchases together from what was sent and answered: the history is the only source of what the audit
    /// judges, whether it comes from a run, from its agents, or from a file.
    mutating func conclude(keys: [Int: UUID]) {
        visits.sort { $0.number < $1.number }
        operations.sort { $0.invokedAt < $1.invokedAt }
        var places: [Int: [Int]] = [:]
        for (place, operation) in operations.enumerated() { places[operation.visit, default: []].append(place) }
        purchases = visits.lazy.filter { $0.quantity > 0 }.map { visit in
            var purchase = Purchase(visit, key: keys[visit.number] ?? UUID())
            purchase.replay((places[visit.number] ?? []).map { operations[$0] })
            return purchase
        }
    }
}

extension Purchase {
    /// Goes through what was sent and answered, in the order of the answers; what had none comes last.
    fileprivate mutating func replay(_ operations: [Operation]) {
        var lastCode: String?
        let answered = operations.sorted { ($0.completedAt ?? .max) < ($1.completedAt ?? .max) }
        for operation in answered {
            if let answer = operation.purchaseAnswer {
                attempts += 1
                lastCode = nil
                if case .busy(let code, _) = answer { lastCode = code }
                _ = receive(answer, at: operation.completedAt ?? operation.invokedAt)
            } else if operation.kind == .copy, let order = operation.order {
                _ = acceptAfterAll(order, at: operation.completedAt ?? operation.invokedAt)
            } else if operation.kind == .poll || operation.kind == .recover, let status = operation.status {
                _ = observe(status, failure: operation.code, at: operation.completedAt ?? operation.invokedAt)
            }
        }
        stop(lastCode: lastCode)
    }
}
