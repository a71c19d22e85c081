/// Requests of a run by what became of them.
struct OperationCounts: Equatable, Sendable {
    private(set) var laterByCode: [String: Int] = [:]
    /// Polls that were answered, how many of them without news, and how many for orders that the service did not know.
    private(set) var polls = 0
    private(set) var notModified = 0
    private(set) var missing = 0
    private(set) var recovered = 0

    init(_ history: SaleHistory) {
        // The door-opener's knocking is no part of the load.
        let doors = Set(history.visits.lazy.filter { $0.wave == 0 }.map(\.number))
        for operation in history.operations {
            switch operation.kind {
            case .purchase where operation.outcome == .later && !doors.contains(operation.visit):
                laterByCode[operation.code ?? "", default: 0] += 1
            case .poll, .recover:
                guard operation.outcome != .unknown else { continue }
                polls += 1
                if operation.code == Operation.missing {
                    missing += 1
                } else if operation.status == nil {
                    notModified += 1
                } else if operation.kind == .recover {
                    recovered += 1
                }
            default: break
            }
        }
    }
}
