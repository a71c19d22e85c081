import InventoryStore
import Ticketing

/// One step of a random run. Stream entries are named by the order of their arrival.
enum Operation: Sendable {
    case reserve(Reservation)
    case recover(Intent)
    case read(consumer: String, limit: Int)
    case claim(consumer: String, fromPage: Bool, limit: Int)
    case acknowledge([Int], drainRate: Double)
    case reject(entry: Int, intent: Intent?, settled: SettledOrder?, note: String?, lane: Int64)
    case publish([SettledOrder])
    case deferToPostgres(OrderID)
    case release(StockRelease)
    case retake(Intent, lane: Int64)
    case load(StockLoad, lane: Int64)
    /// One page of buyers without the load that would follow.
    case fill(EventID, epoch: Int64, isFirst: Bool, [(user: UserID, units: Int)])
    /// The load without the pages that would come before.
    case loadAlone(StockLoad, lane: Int64)
    case amend(EventID, SaleTerms, grace: Duration)
    case appendUnreadable([String])
    /// Removes an entry behind the group's back.
    case lose(Int)
    case mark(Int64)
    case look(OrderID, EventID)
    case inspect(StockInquiry)
    case empty
    /// Another server process goes on with the same keys.
    case restart

    /// The name of the case.
    var kind: String { String("\(self)".prefix { $0 != "(" }) }
}

/// Small numbers that the same seed gives again (SplitMix64, https://prng.di.unimi.it/splitmix64.c).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// Draws operations over few users, events and orders, so that they meet often.
struct OperationGenerator {
    var random: SeededGenerator
    /// Entries that were on the stream once, in the order of arrival; nil: unreadable.
    var arrived: [Intent?] = []
    /// Positions in `arrived` that are still on the stream.
    var present: [Int] = []
    private var epochs: [EventID: Int64] = [:]
    private var revision: Int64 = 1
    /// Of the lease that was taken last.
    private var laneEpoch: Int64 = 1
    private var isUnmarked = true
    private let now: Int64

    static let backlogLimit = 5
    private static let events = (1...3).map(EventID.number)
    private static let users = (1...5).map(UserID.number)
    private static let methods = [PaymentMethod.standard, PaymentMethod("pm_slow") ?? .standard]

    init(seed: UInt64, now: Int64) {
        self.random = SeededGenerator(seed: seed)
        self.now = now
    }

    mutating func next() -> Operation {
        // A lane begins by its mark; without one nothing is loaded, and little happens.
        if isUnmarked {
            isUnmarked = false
            return mark()
        }
        return switch Int.random(in: 0..<1000, using: &random) {
        case ..<349: .reserve(reservation())
        case ..<355: .deferToPostgres(order())
        case ..<375: .recover(intent())
        case ..<385: mark()
        case ..<475: .read(consumer: consumer(), limit: .random(in: 1...4, using: &random))
        case ..<520: .claim(consumer: consumer(), fromPage: chance(40), limit: .random(in: 1...3, using: &random))
        case ..<590: .acknowledge(someEntries(), drainRate: .random(in: 0...5_000, using: &random))
        case ..<610: .acknowledge(present, drainRate: 7)
        case ..<665: rejection()
        case ..<725: .publish((0..<Int.random(in: 1...3, using: &random)).map { _ in settled(order()) })
        case ..<765: .release(release())
        case ..<785: .retake(intent(), lane: lane())
        case ..<910: .load(load(), lane: lane())
        case ..<922: fill()
        case ..<932: .loadAlone(loadAlone(), lane: lane())
        case ..<960: .amend(event(), terms(), grace: chance(20) ? .seconds(86_400) : .zero)
        case ..<964: .appendUnreadable(unreadable())
        case ..<980: arrived.isEmpty ? .mark(laneEpoch) : .lose(.random(in: arrived.indices, using: &random))
        case ..<983: .look(order(), event())
        case ..<992: .inspect(inquiry())
        case ..<996: restart()
        default: empty()
        }
    }

    private mutating func inquiry() -> StockInquiry {
        StockInquiry(
            event: event(), buyers: Self.users, orders: (0..<3).map { _ in order() },
            entries: [0, 1, 1, StockInquiry.mostEntries].randomElement(using: &random) ?? 0)
    }

    private mutating func chance(_ percent: Int) -> Bool { .random(in: 0..<100, using: &random) < percent }
    private mutating func consumer() -> String { chance(70) ? "a" : "b" }
    private mutating func event() -> EventID { Self.events.randomElement(using: &random) ?? .number(1) }
    private mutating func user() -> UserID { Self.users.randomElement(using: &random) ?? .number(1) }
    /// Mostly the lane that has the lease, sometimes the one before it.
    private mutating func lane() -> Int64 { max(1, chance(8) ? laneEpoch - 1 : laneEpoch) }

    private mutating func restart() -> Operation {
        isUnmarked = true
        return .restart
    }

    private mutating func empty() -> Operation {
        isUnmarked = true
        return .empty
    }

    /// Now and then of a new lane.
    private mutating func mark() -> Operation {
        if chance(15) { laneEpoch += 1 }
        return .mark(lane())
    }
    private mutating func order() -> OrderID { .number(.random(in: 0..<30, using: &random)) }

    /// Mostly the body that belongs to the order's id, sometimes another one.
    private mutating func reservation() -> Reservation {
        let number = Int.random(in: 0..<30, using: &random)
        var quantity = number % 4 + 1
        var method = Self.methods[number % 2]
        var event = Self.events[number % 3]
        if chance(10) { quantity = [-1, 0, 1, 2, 100, .max].randomElement(using: &random) ?? 1 }
        if chance(5) { method = Self.methods[(number + 1) % 2] }
        if chance(5) { event = self.event() }
        var reservation = Reservation(
            order: .number(number), user: chance(80) ? Self.users[number % 5] : user(), event: event,
            quantity: quantity, paymentMethod: method)
        reservation.isUnrecorded = chance(80)
        if chance(30) { reservation.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }
        return reservation
    }

    /// Of an order that some reservation makes as well.
    private mutating func intent() -> Intent {
        let wish = reservation()
        let quantity = (1...4).contains(wish.quantity) ? wish.quantity : 2
        return Intent(
            order: wish.order, user: wish.user, event: wish.event, quantity: quantity,
            total: Money(amount: 4_500 * Int64(quantity), currency: .eur) ?? Reservation.price,
            paymentMethod: wish.paymentMethod)
    }

    private mutating func someEntries() -> [Int] {
        guard !arrived.isEmpty else { return [] }
        var entries = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            Int.random(in: arrived.indices, using: &random)
        }
        if let first = present.first, chance(80) { entries.append(first) }
        if chance(20) { entries.append(entries[0]) }
        return entries
    }

    private mutating func rejection() -> Operation {
        guard !arrived.isEmpty else { return .reserve(reservation()) }
        let entry =
            chance(70) ? present.randomElement(using: &random) ?? 0 : .random(in: arrived.indices, using: &random)
        let intent = arrived[entry]
        let settled = intent.flatMap { chance(80) ? self.settled($0.order) : nil }
        return .reject(entry: entry, intent: intent, settled: settled, note: chance(50) ? "why not" : nil, lane: lane())
    }

    private mutating func settled(_ order: OrderID) -> SettledOrder {
        let status = OrderStatus.allCases.randomElement(using: &random) ?? .pending
        let tickets = status == .confirmed ? [TicketCode(using: &random), TicketCode(using: &random)] : []
        let reason =
            status == .cancelled && chance(80) ? CancellationReason.allCases.randomElement(using: &random) : nil
        return SettledOrder(id: order, status: status, reason: reason, tickets: tickets)
    }

    private mutating func release() -> StockRelease {
        let event = event()
        let epoch = max(1, (epochs[event] ?? 1) + (chance(70) ? 0 : .random(in: -1...1, using: &random)))
        return StockRelease(
            event: event, order: order(), user: user(), quantity: .random(in: 1...4, using: &random), epoch: epoch)
    }

    /// A later load mostly, sometimes the same or an older one.
    private mutating func load() -> StockLoad {
        let event = event()
        let epoch = max(1, (epochs[event] ?? 0) + (chance(75) ? 1 : .random(in: -1...0, using: &random)))
        epochs[event] = max(epoch, epochs[event] ?? 0)
        let terms = terms()
        return StockLoad(
            event: event, epoch: epoch, available: .random(in: 0...terms.total, using: &random), terms: terms,
            buyers: buyers())
    }

    /// Of the epoch that was begun last, so that it meets a fill without its load.
    private mutating func loadAlone() -> StockLoad {
        let event = event()
        let terms = terms()
        return StockLoad(
            event: event, epoch: epochs[event] ?? 1, available: .random(in: 0...terms.total, using: &random),
            terms: terms, buyers: chance(70) ? [] : buyers())
    }

    private mutating func fill() -> Operation {
        let event = event()
        let epoch = max(1, (epochs[event] ?? 0) + .random(in: -1...1, using: &random))
        epochs[event] = max(epoch, epochs[event] ?? 0)
        return .fill(event, epoch: epoch, isFirst: chance(60), buyers())
    }

    private mutating func buyers() -> [(user: UserID, units: Int)] {
        Self.users.filter { _ in chance(30) }.map { ($0, .random(in: 0...3, using: &random)) }
    }

    private mutating func terms() -> SaleTerms {
        revision += chance(80) ? 1 : .random(in: -1...0, using: &random)
        let day: Int64 = 86_400_000
        let times: [Int64?] = [nil, now - day, now - day, now + day]
        let states: [SaleState] = [.open, .open, .open, .open, .open, .scheduled, .scheduled, .paused, .closed]
        let prices: [Int64] = [0, 4_500, 99, 400_000_000_000, Money.maximum]
        return SaleTerms(
            revision: revision, total: .random(in: 0...40, using: &random), limit: .random(in: 1...9, using: &random),
            opens: times.randomElement(using: &random) ?? nil,
            closes: chance(20) ? times.randomElement(using: &random) ?? nil : nil,
            state: states.randomElement(using: &random) ?? .open,
            price: Money(
                amount: prices[chance(80) ? 1 : .random(in: prices.indices, using: &random)], currency: .eur)
                ?? Reservation.price)
    }

    /// An entry of the stream that lacks a field, or whose field is none.
    private mutating func unreadable() -> [String] {
        [["order", "no order"], ["quantity", "1e3", "x", ""], Array(repeating: "y", count: 200)]
            .randomElement(using: &random) ?? []
    }
}

extension Reservation {
    fileprivate static let price = Money(amount: 1, currency: .eur)!
}
