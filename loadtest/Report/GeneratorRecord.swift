import Foundation

/// What the generator itself did and cost while the measured load ran. It decides whether the figures are the
/// service's.
struct GeneratorRecord: Codable, Equatable, Sendable {
    /// Share of sends that may be late by the generator's fault; above it the open model was not kept.
    static let lateShare = 0.01
    /// A loop whose timers are later than this now and then cannot measure milliseconds.
    static let lagLimitMs = 50.0

    /// Visits begun in time or late, and requests written.
    var sent = 0
    var requests = 0
    /// Visits begun more than 50 ms after their time.
    var lateSends = 0
    var worstLatenessMs = 0.0
    /// Sends that waited more than 50 ms for a free connection, and those among them whose event loop had no time left.
    var heldBack = 0
    var starved = 0
    /// How late the event loops' own timers were.
    var loopLagP99Ms = 0.0
    var loopLagMaxMs = 0.0
    var cpuSeconds = 0.0
    var peakMemoryMB = 0.0
    var lostRequests = 0
    var purchaseRetries = 0
    var loops = 1
    var processes = 1

    init(
        _ record: LoadRecord, cpuSeconds: Double, peakMemory: Int, lostRequests: Int, loops: Int, processes: Int
    ) {
        self.sent = record.sent
        self.requests = record.requests
        self.lateSends = record.lateSends
        self.worstLatenessMs = (Double(record.worstLateness) / 1e6).rounded(toPlaces: 1)
        self.heldBack = record.heldBack
        self.starved = record.starved
        let lag = LatencySummary(record.loopLag)
        self.loopLagP99Ms = lag.p99Ms
        self.loopLagMaxMs = lag.maxMs
        self.cpuSeconds = cpuSeconds.rounded(toPlaces: 2)
        self.peakMemoryMB = (Double(peakMemory) / 1e6).rounded(toPlaces: 1)
        self.lostRequests = lostRequests
        self.purchaseRetries = record.purchaseRetries
        self.loops = loops
        self.processes = processes
    }

    /// Why the run did not measure the service alone; empty for a valid one (pitfall P28). So many visits were to be
    /// begun.
    func faults(planned: Int) -> [String] {
        var faults: [String] = []
        let unsent = max(0, planned - sent)
        let late = lateSends + starved + unsent
        if Double(late) > Self.lateShare * Double(max(1, planned)) {
            faults.append(
                "\(late) of \(planned) visits were late by the generator's own fault: \(lateSends) were begun too "
                    + "late, \(starved) stood in line in a process without time left, \(unsent) were never sent")
        }
        if loopLagP99Ms > Self.lagLimitMs {
            faults.append(
                "the generator's event loops were late by \(loopLagP99Ms) ms at the 99th percentile: more than "
                    + "\(Self.lagLimitMs) ms")
        }
        return faults
    }
}
