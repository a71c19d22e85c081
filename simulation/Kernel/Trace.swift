/// What happened in a run, as one number, and as lines when somebody wants to read them.
///
/// `@unchecked Sendable` as the scheduler is: one thread only.
final class Trace: @unchecked Sendable {
    /// FNV-1a (64 bit) of every event.
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var events = 0
    private var counts: [UnsafePointer<UInt8>: (name: StaticString, count: Int)] = [:]
    private let print: ((String) -> Void)?
    private unowned let scheduler: Scheduler

    init(_ scheduler: Scheduler, print: ((String) -> Void)?) {
        self.scheduler = scheduler
        self.print = print
    }

    /// How often each kind of event was.
    var kinds: [String: Int] {
        Dictionary(counts.values.map { ("\($0.name)", $0.count) }, uniquingKeysWith: +)
    }

    /// - Parameter detail: What a reader wants to know beyond the hash; made for a reader only.
    func note(_ who: String, _ what: StaticString, _ detail: @autoclosure () -> String = "") {
        events += 1
        counts[what.utf8Start, default: (what, 0)].count += 1
        withUnsafeBytes(of: scheduler.now) { mix($0) }
        mix(who.utf8)
        what.withUTF8Buffer { mix($0) }
        if let print {
            let seconds = Double(scheduler.now) / 1e9
            print("\(format(seconds)) \(who.padded(to: 12)) \(what) \(detail())")
        }
    }

    /// A line of a process' log: for a reader only.
    func log(_ line: String) { print?("\(format(Double(scheduler.now) / 1e9)) \("log".padded(to: 12)) \(line)") }

    private func mix(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }

    private func format(_ seconds: Double) -> String {
        let microseconds = Int((seconds * 1e6).rounded())
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
            .padded(to: 11)
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
