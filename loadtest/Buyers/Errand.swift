/// Requests of a visit that are no step of a purchase: looks, log-ins, readings of an order, and copies of a key.
struct Errand {
    enum Kind: Equatable {
        /// One more sending of the key of purchase `tag`.
        case copy(tag: Int)
        /// Readings of the order that the run watches.
        case poll(times: Int)
        case browse(paths: Int)
        case logIn
        /// One more reading of the order of purchase `tag`, after its end.
        case reread(tag: Int)
    }

    let kind: Kind
    let visit: Visit
    /// When the present request should be sent.
    var dueAt: Instant
    /// Requests that were answered.
    var step = 0
    var submittedAt: Instant = 0
    /// The present request in the loop's operations.
    var operation = 0
    var etag: String?

    init(_ kind: Kind, of visit: Visit) {
        self.kind = kind
        self.visit = visit
        self.dueAt = visit.intendedAt
    }

    /// Whether it is all of its visit; copies and second readings belong to a purchase.
    var isVisit: Bool { series != nil }

    /// Requests that it makes if all goes well.
    var requests: Int {
        switch kind {
        case .copy, .logIn, .reread: 1
        case .poll(let times): times
        case .browse(let paths): paths
        }
    }

    var operationKind: Operation.Kind {
        switch kind {
        case .copy: .copy
        case .poll: .poll
        case .browse: .browse
        case .logIn: .logIn
        case .reread: .reread
        }
    }

    var series: LatencySeries? {
        switch kind {
        case .copy, .reread: nil
        case .poll: .poll
        case .browse: .browse
        case .logIn: .logIn
        }
    }
}
