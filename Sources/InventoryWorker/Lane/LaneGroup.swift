package import ServiceLifecycle

/// All lanes of a worker as one service, so that they stop side by side: a worker hands its lanes over in the time that
/// the slowest of them takes for its charges, not in the sum of all.
package struct LaneGroup: Service {
    private let lanes: [any Service]

    package init(_ lanes: [any Service]) { self.lanes = lanes }

    /// Ends when all have ended, or with the first error of one, which cancels the others.
    package func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for lane in lanes { group.addTask { try await lane.run() } }
        }
    }
}
