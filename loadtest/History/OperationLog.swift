/// The operations of one event loop in the order they were begun.
struct OperationLog: Sendable {
    /// Operations that one loop keeps: at about 100 bytes each below 800 MB. What comes after is counted only, and the
    /// history is no longer whole.
    static let limit = 8_000_000

    private(set) var operations: [Operation] = []
    private(set) var dropped = 0

    /// Begins one; its place is how it is ended.
    mutating func begin(_ kind: Operation.Kind, visit: Int, dueAt: Instant? = nil, at time: Instant) -> Int {
        guard operations.count < Self.limit else {
            dropped += 1
            return operations.count
        }
        operations.append(Operation(visit: visit, kind: kind, dueAt: dueAt, invokedAt: time))
        return operations.count - 1
    }

    /// Writes down the end of the operation at `place`.
    mutating func end(_ place: Int, _ write: (inout Operation) -> Void) {
        guard operations.indices.contains(place) else { return }
        write(&operations[place])
    }

    /// When the operation at `place` was begun.
    func invokedAt(_ place: Int) -> Instant? {
        operations.indices.contains(place) ? operations[place].invokedAt : nil
    }

    func wasAnswered(_ place: Int) -> Bool { operations.indices.contains(place) && operations[place].wasAnswered }
}
