import Foundation
import Ticketing

/// Visits and operations as bytes: about 20 for a purchase that is followed to its end, and 10 for a question after it,
/// besides 16 for each key and each order's id. Times are differences to the line before, texts stand once.
struct ChapterCodec {
    private static let orderStatuses = OrderStatus.allCases

    static func write(_ chapter: HistoryChapter, to writer: inout ByteWriter) {
        var texts = TextTable()
        for visit in chapter.visits { texts.add(visit.paymentMethod) }
        for operation in chapter.operations { if let code = operation.code { texts.add(code) } }
        writer.write(unsigned: UInt64(texts.texts.count))
        for text in texts.texts { writer.write(text) }
        writer.write(unsigned: UInt64(chapter.visits.count))
        var clock: Instant = 0
        for visit in chapter.visits { write(visit, key: chapter.keys[visit.number], &clock, texts, to: &writer) }
        writer.write(unsigned: UInt64(chapter.operations.count))
        clock = 0
        for operation in chapter.operations { write(operation, &clock, texts, to: &writer) }
        writer.write(unsigned: UInt64(chapter.dropped))
    }

    private static func write(
        _ visit: Visit, key: UUID?, _ clock: inout Instant, _ texts: TextTable, to writer: inout ByteWriter
    ) {
        writer.write(visit.number)
        writer.write(visit.wave)
        writer.write(visit.journey)
        writer.write(visit.buyer)
        writer.write(visit.quantity)
        writer.write(texts[visit.paymentMethod])
        writer.write(visit.intendedAt - clock)
        clock = visit.intendedAt
        writer.write(raw: key == nil ? 0 : 1)
        if let key { writer.write(key) }
    }

    private static func write(
        _ operation: Operation, _ clock: inout Instant, _ texts: TextTable, to writer: inout ByteWriter
    ) {
        // What is there, in bits; then the parts that are.
        let bits: UInt8 =
            operation.outcome.rawValue
            | (operation.completedAt == nil ? 0 : 1 << 2) | (operation.code == nil ? 0 : 1 << 3)
            | (operation.order == nil ? 0 : 1 << 4) | (operation.status == nil ? 0 : 1 << 5)
            | (operation.isQueued ? 1 << 6 : 0) | (operation.dueAt == operation.invokedAt ? 0 : 1 << 7)
        writer.write(raw: operation.kind.rawValue)
        writer.write(raw: bits)
        writer.write(operation.visit)
        writer.write(operation.invokedAt - clock)
        clock = operation.invokedAt
        if operation.dueAt != operation.invokedAt { writer.write(operation.dueAt - operation.invokedAt) }
        if let time = operation.completedAt { writer.write(time - operation.invokedAt) }
        if let code = operation.code { writer.write(texts[code]) }
        if let order = operation.order { writer.write(order.uuid) }
        if let status = operation.status { writer.write(raw: UInt8(orderStatuses.firstIndex(of: status) ?? 0)) }
    }

    static func read(_ reader: inout ByteReader) throws(LoadTestError) -> HistoryChapter {
        var texts: [String] = []
        for _ in 0..<(try reader.count(ofSize: 1)) { texts.append(try reader.text()) }
        var chapter = HistoryChapter()
        var clock: Instant = 0
        let visits = try reader.count(ofSize: 8)
        chapter.visits.reserveCapacity(visits)
        for _ in 0..<visits {
            let (visit, key) = try readVisit(&reader, &clock, texts)
            chapter.visits.append(visit)
            if let key { chapter.keys[visit.number] = key }
        }
        clock = 0
        let operations = try reader.count(ofSize: 4)
        chapter.operations.reserveCapacity(operations)
        for _ in 0..<operations { chapter.operations.append(try readOperation(&reader, &clock, texts)) }
        chapter.dropped = Int(clamping: try reader.unsigned())
        return chapter
    }

    private static func readVisit(
        _ reader: inout ByteReader, _ clock: inout Instant, _ texts: [String]
    ) throws(LoadTestError) -> (Visit, UUID?) {
        let number = try reader.whole()
        let wave = try reader.whole()
        let journey = try reader.whole()
        let buyer = try reader.whole()
        let quantity = try reader.whole()
        let paymentMethod = try text(try reader.whole(), of: texts)
        clock &+= Instant(try reader.whole())
        let key = try reader.raw() == 0 ? nil : try reader.uuid()
        let visit = Visit(
            number: number, wave: wave, journey: journey, buyer: buyer, quantity: quantity,
            paymentMethod: paymentMethod, intendedAt: clock)
        return (visit, key)
    }

    private static func readOperation(
        _ reader: inout ByteReader, _ clock: inout Instant, _ texts: [String]
    ) throws(LoadTestError) -> Operation {
        let kind = Operation.Kind(rawValue: try reader.raw())
        let bits = try reader.raw()
        let outcome = Operation.Outcome(rawValue: bits & 3)
        guard let kind, let outcome else { throw LoadTestError(.malformedHistory, "an operation of no known kind") }
        let visit = try reader.whole()
        clock &+= Instant(try reader.whole())
        let due = bits & 1 << 7 == 0 ? 0 : Instant(try reader.whole())
        var operation = Operation(visit: visit, kind: kind, dueAt: clock &+ due, invokedAt: clock)
        operation.outcome = outcome
        if bits & 1 << 2 != 0 { operation.completedAt = clock &+ Instant(try reader.whole()) }
        if bits & 1 << 3 != 0 { operation.code = try text(try reader.whole(), of: texts) }
        if bits & 1 << 4 != 0 { operation.order = OrderID(try reader.uuid()) }
        if bits & 1 << 5 != 0 {
            let index = Int(try reader.raw())
            guard orderStatuses.indices.contains(index) else {
                throw LoadTestError(.malformedHistory, "an order of no known state")
            }
            operation.status = orderStatuses[index]
        }
        operation.isQueued = bits & 1 << 6 != 0
        return operation
    }

    private static func text(_ index: Int, of texts: [String]) throws(LoadTestError) -> String {
        guard texts.indices.contains(index) else { throw LoadTestError(.malformedHistory, "a text is missing") }
        return texts[index]
    }

    /// Each text once, by its place.
    private struct TextTable {
        private(set) var texts: [String] = []
        private var places: [String: Int] = [:]

        mutating func add(_ text: String) {
            guard places[text] == nil else { return }
            places[text] = texts.count
            texts.append(text)
        }

        subscript(_ text: String) -> Int { places[text] ?? 0 }
    }
}
