/// Why a run could not be carried out. What a run finds wrong with the service is a `Violation`, never an error.
struct LoadTestError: Error, CustomStringConvertible {
    enum Code: String, Sendable {
        /// An option or environment variable is missing or cannot be read.
        case invalidOption
        /// An administrator's request was answered with something else than was asked for.
        case unexpectedReply
        /// The connection was closed, or no answer came in time.
        case connectionLost
        /// Bytes that are not an HTTP/1.1 response.
        case malformedReply
        /// A stored run that cannot be read.
        case malformedHistory
        /// An agent said something else than was asked for, or nothing.
        case agent
        /// Something that was waited for did not happen before the deadline.
        case deadline
    }

    let code: Code
    let message: String
    let underlying: (any Error)?

    init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    var description: String {
        "\(code.rawValue): \(message)" + (underlying.map { " (\($0))" } ?? "")
    }
}
