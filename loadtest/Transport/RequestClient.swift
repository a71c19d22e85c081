import NIOCore

/// Single requests outside the measured load (log in, create, audit), each answered to whoever awaits it.
struct RequestClient: Sendable {
    private let loop: any EventLoop
    private let owner: NIOLoopBound<Owner>
    private let authority: String

    static func make(
        on loop: any EventLoop, endpoints: [Endpoint], timeout: TimeAmount = .seconds(30)
    ) async throws -> RequestClient {
        let owner = try await loop.submit {
            NIOLoopBound(Owner(loop: loop, endpoints: endpoints, timeout: timeout), eventLoop: loop)
        }.get()
        return RequestClient(loop: loop, owner: owner, authority: endpoints[0].authority)
    }

    /// One attempt.
    func send(
        _ method: String, _ path: String, token: String? = nil, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> HTTPReply {
        var bytes = ByteBuffer(string: "\(method) \(path) HTTP/1.1\r\nHost: \(authority)\r\n")
        if let token { bytes.writeString("Authorization: Bearer \(token)\r\n") }
        for (name, value) in headers { bytes.writeString("\(name): \(value)\r\n") }
        if let body { bytes.writeString("Content-Type: application/json\r\nContent-Length: \(body.count)\r\n") }
        bytes.writeString("\r\n")
        bytes.writeBytes(body ?? [])
        return try await loop.flatSubmit { [bytes] in owner.value.send(bytes) }.get()
    }

    /// Sends until there is an answer that is neither lost nor a 5xx nor 429. Only for requests that may be repeated.
    func sendUntilAnswered(
        _ method: String, _ path: String, token: String? = nil, headers: [(String, String)] = [], body: [UInt8]? = nil,
        deadline: NIODeadline
    ) async throws -> HTTPReply {
        var last = "no answer"
        while NIODeadline.now() < deadline {
            do {
                let reply = try await send(method, path, token: token, headers: headers, body: body)
                if reply.status < 500, reply.status != 429 { return reply }
                last = "\(reply.status) \(String(buffer: reply.body))"
            } catch let error as LoadTestError where error.code == .connectionLost {
                last = error.description
            }
            // Short enough that a restarted gateway is noticed at once.
            try await Task.sleep(for: .milliseconds(100))
        }
        throw LoadTestError(.deadline, "\(method) \(path): \(last)")
    }

    func stop() async throws {
        try await loop.submit { owner.value.pool.stop() }.get()
    }

    /// The event-loop side: requests by number.
    private final class Owner: ConnectionPoolOwner {
        private struct Pending {
            let bytes: ByteBuffer
            let promise: EventLoopPromise<HTTPReply>
        }

        private let loop: any EventLoop
        private var pending: [Int: Pending] = [:]
        private var counter = 0
        private let timeout: TimeAmount
        /// Four connections: an administrator's work is done one or two requests at a time.
        let pool: ConnectionPool

        init(loop: any EventLoop, endpoints: [Endpoint], timeout: TimeAmount) {
            self.loop = loop
            self.timeout = timeout
            self.pool = ConnectionPool(
                loop: loop, endpoints: endpoints,
                configuration: ConnectionPool.Configuration(limit: 4, requestTimeout: timeout))
            pool.owner = self
        }

        func send(_ bytes: ByteBuffer) -> EventLoopFuture<HTTPReply> {
            let promise = loop.makePromise(of: HTTPReply.self)
            counter += 1
            let tag = counter
            pending[tag] = Pending(bytes: bytes, promise: promise)
            // Also covers the time in line while no endpoint can be reached.
            let expiry = loop.assumeIsolated().scheduleTask(in: timeout) {
                self.lost(tag, from: self.pool)
                self.pool.closeOverdue(at: .now())
            }
            promise.futureResult.whenComplete { _ in expiry.cancel() }
            pool.submit(tag)
            return promise.futureResult
        }

        func request(for tag: Int, from pool: ConnectionPool, at now: NIODeadline) -> ByteBuffer? {
            pending[tag]?.bytes
        }

        func received(_ reply: HTTPReply, for tag: Int, from pool: ConnectionPool) {
            pending.removeValue(forKey: tag)?.promise.succeed(reply)
        }

        func lost(_ tag: Int, from pool: ConnectionPool) {
            let error = LoadTestError(.connectionLost, "no answer")
            pending.removeValue(forKey: tag)?.promise.fail(error)
        }
    }
}
