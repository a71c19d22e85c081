/// Why the store could not answer.
package struct InventoryError: Error, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Redis is not reachable or did not answer in time.
        case unavailable
        /// Redis answered what no version of our scripts answers.
        case unexpectedReply = "unexpected_reply"
    }

    package let code: Code
    package let message: String
    /// Whether the command may have taken effect although no answer came.
    package let mayHaveRun: Bool
    package let underlying: (any Error)?

    package init(_ code: Code, _ message: String, mayHaveRun: Bool = false, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.mayHaveRun = mayHaveRun
        self.underlying = underlying
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
