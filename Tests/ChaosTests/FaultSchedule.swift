@testable import LoadTest

/// When what goes wrong in a run, fixed before it begins: the same seed gives the same faults.
struct FaultSchedule: Equatable, Sendable {
    /// A fault every so often in a long run. Many overlap; what is hit is left alone until it has been healed for a second.
    private static let pace = Duration.seconds(4)
    private static let rest = Duration.seconds(1)

    /// By their begin.
    let faults: [Fault]

    /// Faults for so long; the last one is healed within that time. Every kind happens at least once, and all of a kind's
    /// targets are hit before one is hit again.
    init(seed: UInt64, lasting time: Duration) {
        var generator = SeededGenerator(seed: seed)
        let count = max(Fault.Kind.allCases.count + 2, Int(time / FaultSchedule.pace))
        let slot = time / count
        var kinds: [Fault.Kind] = []
        var targets: [Fault.Kind: [Fault.Target]] = [:]
        var busyUntil: [Fault.Target: Duration] = [:]
        var faults: [Fault] = []
        for number in 0..<count {
            if kinds.isEmpty { kinds = Fault.Kind.allCases.shuffled(using: &generator) }
            let kind = kinds.removeLast()
            let begins = slot * (Double(number) + generator.unit() / 2)
            let milliseconds = Int.random(in: kind.milliseconds, using: &generator)
            let lasts = min(Duration.milliseconds(milliseconds), time - begins)
            let amount = Int.random(in: kind == .delay ? 20...400 : 1...40, using: &generator)
            // Those of the kind that were not hit yet come first.
            var waiting = targets[kind, default: []]
            if !waiting.contains(where: { busyUntil[$0, default: .zero] <= begins }) {
                waiting += kind.targets.shuffled(using: &generator)
            }
            guard let index = waiting.firstIndex(where: { busyUntil[$0, default: .zero] <= begins }) else { continue }
            let target = waiting.remove(at: index)
            targets[kind] = waiting
            busyUntil[target] = begins + lasts + FaultSchedule.rest
            faults.append(Fault(kind: kind, target: target, begins: begins, lasts: lasts, amount: amount))
        }
        self.faults = faults
    }
}
