import Ticketing

/// A partition's stream and the lanes' consumer group on it, as Redis keeps them, in memory.
struct IntentStream: Sendable {
    /// Where an entry stands: milliseconds, then a number within the millisecond.
    struct Position: Hashable, Comparable, Sendable {
        var milliseconds: Int64
        var number: Int64

        static let start = Position(milliseconds: 0, number: 0)

        var id: StreamEntryID { StreamEntryID("\(milliseconds)-\(number)") }

        static func < (a: Position, b: Position) -> Bool {
            (a.milliseconds, a.number) < (b.milliseconds, b.number)
        }
    }

    struct Entry: Hashable, Sendable {
        let position: Position
        /// Names and values in turn.
        let fields: [String]
        /// What the fields say; nil when they cannot be read.
        let intent: Intent?
    }

    /// Who has an entry that is not acknowledged yet.
    struct Delivery: Hashable, Sendable {
        var consumer: String
        /// How often it was delivered.
        var count: Int
    }

    private(set) var entries: [Entry] = []
    private(set) var deliveries: [Position: Delivery] = [:]
    /// The id given last.
    private(set) var last = Position.start
    private(set) var lastDelivered = Position.start

    /// Appends as `XADD key *` does: the id is the time, or just above the last id when the clock has not moved on.
    @discardableResult
    mutating func append(_ fields: [String], intent: Intent?, now: Int64) -> StreamEntryID {
        if now > last.milliseconds {
            last = Position(milliseconds: now, number: 0)
        } else {
            last.number += 1
        }
        entries.append(Entry(position: last, fields: fields, intent: intent))
        return last.id
    }

    /// Whether there is an entry that was never delivered.
    var hasNew: Bool { entries.last.map { $0.position > lastDelivered } ?? false }

    func contains(_ entry: StreamEntryID) -> Bool { entries.contains { $0.position.id == entry } }

    /// Entries that were never delivered, at most `limit`, which `consumer` has from now on.
    mutating func read(_ consumer: String, limit: Int) -> [Entry] {
        let new = Array(entries.lazy.filter { [lastDelivered] in $0.position > lastDelivered }.prefix(limit))
        for entry in new {
            deliveries[entry.position] = Delivery(consumer: consumer, count: 1)
            lastDelivered = entry.position
        }
        return new
    }

    /// Takes over deliveries from `cursor` on, at most `limit`, as `XAUTOCLAIM` with no idle time does.
    mutating func claim(_ consumer: String, from cursor: String, limit: Int) -> PendingPage {
        let waiting = deliveries.keys.filter { $0 >= Position(cursor) ?? .start }.sorted()
        var page = PendingPage(deliveries: [], cursor: Position.start.id.text, lost: [])
        if waiting.count > limit { page.cursor = waiting[limit].id.text }
        for position in waiting.prefix(limit) {
            if let entry = entries.first(where: { $0.position == position }) {
                deliveries[position] = Delivery(consumer: consumer, count: 1 + (deliveries[position]?.count ?? 0))
                page.deliveries.append(IntentDelivery(entry: position.id, intent: entry.intent))
            } else {
                deliveries[position] = nil
                page.lost.append(position.id)
            }
        }
        return page
    }

    /// Acknowledges and removes entries; returns those that were still there.
    @discardableResult
    mutating func remove(_ ids: some Sequence<StreamEntryID>) -> [Entry] {
        let positions = Set(ids.compactMap { Position($0.text) })
        for position in positions { deliveries[position] = nil }
        let removed = entries.filter { positions.contains($0.position) }
        if !removed.isEmpty { entries.removeAll { positions.contains($0.position) } }
        return removed
    }

    /// Removes an entry and leaves its delivery open, which is how an entry is lost.
    mutating func lose(_ id: StreamEntryID) {
        entries.removeAll { $0.position.id == id }
    }
}

extension IntentStream.Position {
    /// Reads the text form, with or without the number.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let milliseconds = Int64(parts[0]),
            let number = parts.count == 1 ? 0 : Int64(parts[1])
        else { return nil }
        self.init(milliseconds: milliseconds, number: number)
    }
}
