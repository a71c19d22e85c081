/// Why a command has no reply: what happened, and whether the server may have executed the command.
package struct RedisClientError: Error, Sendable {
    /// A stable name for what happened; new ones may be added.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String

        /// The URL of the configuration cannot be used.
        package static let invalidURL = Code(description: "invalidURL")
        /// There was no connection until the command's deadline: it was never sent.
        package static let notConnected = Code(description: "notConnected")
        /// The connection broke after the command was sent and before its reply came.
        package static let connectionLost = Code(description: "connectionLost")
        /// The command's deadline passed before its reply came.
        package static let deadlineExceeded = Code(description: "deadlineExceeded")
        /// `maxInFlight` commands are already waiting for replies: it was never sent.
        package static let overloaded = Code(description: "overloaded")
        /// The server answered with an error, found in `serverError`.
        package static let server = Code(description: "server")
        /// The command ran, but too few replicas have its effects yet: they may be lost with the server.
        package static let notReplicated = Code(description: "notReplicated")
        /// The server sent something that is not RESP2, or a reply nobody asked for.
        package static let protocolViolation = Code(description: "protocolViolation")
        /// The caller's task was cancelled.
        package static let cancelled = Code(description: "cancelled")
        /// The client was shut down.
        package static let shutDown = Code(description: "shutDown")
    }

    package let code: Code
    package let message: String
    /// False only when the server cannot have executed the command, so that sending it again is always safe.
    package let mayHaveRun: Bool
    /// The server's own error, set when `code` is `.server`.
    package let serverError: RedisServerError?
    /// What caused this error, such as the error of the last attempt to connect.
    package let underlying: (any Error)?

    package init(
        _ code: Code, _ message: String, mayHaveRun: Bool, serverError: RedisServerError? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.mayHaveRun = mayHaveRun
        self.serverError = serverError
        self.underlying = underlying
    }

    /// The error thrown when a reply is an error of the server.
    package init(_ error: RedisServerError) {
        self.init(.server, error.message, mayHaveRun: !error.wasRefused, serverError: error)
    }
}

extension RedisClientError: CustomStringConvertible {
    package var description: String {
        var text = "redis \(code): \(message) (\(mayHaveRun ? "may have run" : "did not run"))"
        if let underlying { text += ": \(underlying)" }
        return text
    }
}
