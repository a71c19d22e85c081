import Foundation
import Ticketing

/// The file: a line that names its kind, header, facts, chapter, books, and a checksum over all of it (FNV-1a, 64
/// bits).
extension RunRecord {
    private static let kind: StaticString = "onsale load history 1\n"

    /// What a history has besides its chapter.
    fileprivate struct Facts: Codable {
        struct Replay: Codable {
            var order: UUID
            var sameOrder: UUID?
            var said: String
            var otherBodyStatus: Int
            var otherBodyCode: String?
        }

        var event: UUID?
        var capacity: Int
        var limitPerBuyer: Int
        var earlierUnits: Int
        var queueToleranceNanoseconds: Instant
        var replays: [Replay]
    }

    func write(to path: String) throws {
        try Data(encoded()).write(to: URL(filePath: path), options: .atomic)
    }

    init(file path: String) throws {
        let data = try InputFile(path: path).data()
        do {
            try self.init(decoding: Array(data))
        } catch let error as LoadTestError {
            throw LoadTestError(error.code, "\(path): \(error.message)", underlying: error.underlying)
        }
    }

    func encoded() throws -> [UInt8] {
        var writer = ByteWriter()
        writer.write(raw: Self.kind)
        writer.write(block: Array(try JSONEncoder().encode(header)))
        writer.write(block: Array(try JSONEncoder().encode(facts)))
        writer.write(unsigned: UInt64(history.buyers.count))
        for buyer in history.buyers { writer.write(buyer.uuid) }
        writer.write(unsigned: UInt64(history.earlierOrders.count))
        for order in history.earlierOrders { writer.write(order.uuid) }
        ChapterCodec.write(
            HistoryChapter(
                visits: history.visits,
                keys: Dictionary(
                    history.purchases.lazy.map { ($0.visit.number, $0.key) }, uniquingKeysWith: { own, _ in own }),
                operations: history.operations, dropped: history.droppedOperations), to: &writer)
        writer.write(raw: snapshot == nil ? 0 : 1)
        if let snapshot { SnapshotCodec.write(snapshot, to: &writer) }
        let checksum = Self.checksum(writer.bytes[...])
        return writer.bytes + (0..<8).map { UInt8(truncatingIfNeeded: checksum >> (8 * UInt64($0))) }
    }

    init(decoding bytes: [UInt8]) throws {
        var reader = ByteReader(bytes.dropLast(8))
        try reader.skip(Self.kind)
        let kept = bytes.suffix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard bytes.count > 8, kept == Self.checksum(bytes.dropLast(8)) else {
            throw LoadTestError(.malformedHistory, "its checksum is wrong: it was cut off or changed")
        }
        let header: Header
        let facts: Facts
        do {
            header = try JSONDecoder().decode(Header.self, from: Data(try reader.block()))
            facts = try JSONDecoder().decode(Facts.self, from: Data(try reader.block()))
        } catch {
            throw LoadTestError(.malformedHistory, "its header cannot be read", underlying: error)
        }
        var buyers: [UserID] = []
        for _ in 0..<(try reader.count(ofSize: 16)) { buyers.append(UserID(try reader.uuid())) }
        var earlier: Set<OrderID> = []
        for _ in 0..<(try reader.count(ofSize: 16)) { earlier.insert(OrderID(try reader.uuid())) }
        let chapter = try ChapterCodec.read(&reader)
        guard chapter.visits.allSatisfy({ buyers.indices.contains($0.buyer) }) else {
            throw LoadTestError(.malformedHistory, "a visit is by nobody")
        }
        self.header = header
        self.history = facts.history(buyers: buyers, earlier: earlier, chapter)
        self.snapshot = try reader.raw() == 0 ? nil : try SnapshotCodec.read(&reader)
    }

    private var facts: Facts {
        Facts(
            event: history.event?.uuid, capacity: history.capacity, limitPerBuyer: history.limitPerBuyer,
            earlierUnits: history.earlierUnits, queueToleranceNanoseconds: history.queueTolerance.nanoseconds,
            replays: history.replays.map {
                Facts.Replay(
                    order: $0.order.uuid, sameOrder: $0.sameOrder?.uuid, said: $0.said,
                    otherBodyStatus: $0.otherBodyStatus, otherBodyCode: $0.otherBodyCode)
            })
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.withUnsafeBufferPointer { buffer in
            buffer.reduce(into: UInt64(0xcbf2_9ce4_8422_2325)) { $0 = ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        }
    }
}

extension RunRecord.Facts {
    fileprivate func history(
        buyers: [UserID], earlier: Set<OrderID>, _ chapter: HistoryChapter
    ) -> SaleHistory {
        var history = SaleHistory(
            event: event.map { EventID($0) }, capacity: capacity, limitPerBuyer: limitPerBuyer, buyers: buyers,
            visits: chapter.visits, purchases: [], operations: chapter.operations,
            replays: replays.map {
                KeyReplay(
                    order: OrderID($0.order), sameOrder: $0.sameOrder.map { OrderID($0) }, said: $0.said,
                    otherBodyStatus: $0.otherBodyStatus, otherBodyCode: $0.otherBodyCode)
            },
            earlierOrders: earlier, earlierUnits: earlierUnits,
            queueTolerance: .nanoseconds(queueToleranceNanoseconds), droppedOperations: chapter.dropped)
        history.conclude(keys: chapter.keys)
        return history
    }
}
