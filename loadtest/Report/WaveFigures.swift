import Ticketing

/// Rates of the measured wave, computed afterwards from when each purchase was accepted and ended.
struct WaveFigures: Equatable, Sendable {
    private(set) var accepted = 0
    private(set) var confirmed = 0
    private(set) var cancelled = 0
    private(set) var refusedByCode: [String: Int] = [:]
    private(set) var abandonedByCode: [String: Int] = [:]
    private(set) var unresolved = 0
    /// Purchases accepted in each second from the first intended send on.
    private(set) var acceptedEachSecond: [Int] = []
    /// Seconds from the first intended send to the last answer of each kind; nil when there was none.
    private(set) var acceptSeconds: Double?
    private(set) var confirmSeconds: Double?
    private(set) var refuseSeconds: Double?

    init(_ purchases: [Purchase]) {
        let measured = purchases.lazy.filter { $0.wave == 1 }
        guard let start = measured.map(\.intendedAt).min() else { return }
        var lastAccept: Instant?
        var lastConfirm: Instant?
        var lastRefusal: Instant?
        for purchase in measured {
            if let time = purchase.acceptedAt {
                accepted += 1
                lastAccept = max(lastAccept ?? time, time)
                count(acceptedIn: max(0, Int(Self.seconds(time - start))))
            }
            switch purchase.state {
            case .ended(.confirmed):
                confirmed += 1
                lastConfirm = max(lastConfirm ?? start, purchase.endedAt ?? start)
            case .ended: cancelled += 1
            case .refused(let code):
                refusedByCode[code, default: 0] += 1
                lastRefusal = max(lastRefusal ?? start, purchase.endedAt ?? start)
            case .abandoned(let code): abandonedByCode[code, default: 0] += 1
            case .unresolved: unresolved += 1
            case .open, .accepted: break
            }
        }
        acceptSeconds = lastAccept.map { Self.seconds($0 - start) }
        confirmSeconds = lastConfirm.map { Self.seconds($0 - start) }
        refuseSeconds = lastRefusal.map { Self.seconds($0 - start) }
    }

    private mutating func count(acceptedIn second: Int) {
        while acceptedEachSecond.count <= second { acceptedEachSecond.append(0) }
        acceptedEachSecond[second] += 1
    }

    static func rate(_ count: Int, _ seconds: Double?) -> Double {
        guard let seconds, seconds > 0 else { return 0 }
        return Double(count) / seconds
    }

    static func seconds(_ time: Instant) -> Double { Double(time) / 1e9 }

    /// Seconds from the first intended send until every ticket of `capacity` was promised to somebody: accepted, less
    /// what was cancelled until then. nil when that never was so.
    static func secondsToSellOut(_ purchases: [Purchase], capacity: Int) -> Double? {
        guard let start = purchases.lazy.filter({ $0.wave == 1 }).map(\.intendedAt).min() else { return nil }
        var changes: [(time: Instant, units: Int)] = []
        for purchase in purchases {
            guard let accepted = purchase.acceptedAt else { continue }
            changes.append((accepted, purchase.quantity))
            if let ended = purchase.endedAt, purchase.state != .ended(.confirmed) {
                changes.append((ended, -purchase.quantity))
            }
        }
        var promised = 0
        for change in changes.sorted(by: { $0.time < $1.time }) {
            promised += change.units
            if promised >= capacity { return max(0, seconds(change.time - start)) }
        }
        return nil
    }
}
