import Testing

@Suite("A schedule of faults")
struct FaultScheduleTests {
    private static let long = Duration.seconds(166)
    private static let short = Duration.seconds(20)

    @Test("Is the same for the same seed, and another for another")
    func seeded() {
        #expect(FaultSchedule(seed: 7, lasting: Self.long) == FaultSchedule(seed: 7, lasting: Self.long))
        #expect(FaultSchedule(seed: 7, lasting: Self.long) != FaultSchedule(seed: 8, lasting: Self.long))
    }

    @Test("Has every kind, in a long run at least 25 faults, all healed in time", arguments: 1...50)
    func complete(seed: Int) {
        for time in [Self.long, Self.short] {
            let faults = FaultSchedule(seed: UInt64(seed), lasting: time).faults
            #expect(Set(faults.map(\.kind)).count == Fault.Kind.allCases.count)
            #expect(faults.allSatisfy { $0.begins >= .zero && $0.ends <= time })
            #expect(faults.allSatisfy { $0.kind.targets.contains($0.target) })
            #expect(faults.map(\.begins) == faults.map(\.begins).sorted())
            if time == Self.long { #expect(faults.count >= 25) }
        }
    }

    @Test("Hits nothing that is still broken", arguments: 1...50)
    func healed(seed: Int) {
        for time in [Self.long, Self.short] {
            let faults = FaultSchedule(seed: UInt64(seed), lasting: time).faults
            for (index, fault) in faults.enumerated() {
                let before = faults[..<index].last { $0.target == fault.target }
                #expect(before.map { $0.ends <= fault.begins } ?? true, "\(fault) while \(before!) lasts")
            }
        }
    }
}
