import Foundation

/// Shows a run while it goes on: on a terminal a view that is drawn over each second, elsewhere a line a second.
/// On standard error, so that the result stands alone on standard output.
struct LiveDisplay: Sendable {
    private let isTerminal: Bool

    init(isTerminal: Bool = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb") {
        self.isTerminal = isTerminal
    }

    func note(_ text: String) { write(text + "\n") }

    /// Shows what `sample` gives while `work` is under way.
    func following<Result: Sendable>(
        _ plan: ArrivalPlan, since start: Instant, _ sample: @Sendable @escaping () async throws -> LiveSample,
        _ work: @Sendable @escaping () async throws -> Result
    ) async throws -> Result {
        let visits = plan.arrivals.count
        let seconds = plan.seconds
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var view = LiveView(visits: visits, plannedSeconds: seconds, width: Self.width)
                var drawn = 0
                // Ends when it is cancelled, once the load is over.
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(1))
                    let elapsed = WaveFigures.seconds(BuyerLoop.now() - start)
                    guard elapsed > 0 else { continue }
                    let sample = try await sample()
                    if isTerminal {
                        let lines = view.lines(sample, seconds: elapsed)
                        write(Self.over(drawn) + lines.map { "\u{1b}[K" + $0 + "\n" }.joined())
                        drawn = lines.count
                    } else {
                        write(LiveView.line(sample, seconds: elapsed) + "\n")
                    }
                }
            }
            let result = try await work()
            group.cancelAll()
            try await group.waitForAll()
            return result
        }
    }

    /// Moves back to the first of the lines that stand there.
    private static func over(_ lines: Int) -> String { lines > 0 ? "\u{1b}[\(lines)A\r" : "" }

    private static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col) - 1
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
