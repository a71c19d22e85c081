import NIOCore
import NIOPosix

/// Whoever's requests go through a pool. Called on the pool's event loop only.
protocol ConnectionPoolOwner: AnyObject {
    /// The bytes of the request `tag`, asked for at the moment of writing; nil when it is no longer wanted.
    func request(for tag: Int, from pool: ConnectionPool, at now: NIODeadline) -> ByteBuffer?
    func received(_ reply: HTTPReply, for tag: Int, from pool: ConnectionPool)
    /// The connection was lost or the deadline passed with the request written: its outcome is unknown.
    func lost(_ tag: Int, from pool: ConnectionPool)
    /// How long the request may wait for its answer; nil for as long as any.
    func patience(for tag: Int, from pool: ConnectionPool) -> TimeAmount?
}

extension ConnectionPoolOwner {
    func patience(for tag: Int, from pool: ConnectionPool) -> TimeAmount? { nil }
}

/// A bounded set of connections, or of HTTP/2 streams, on one event loop, with a first-in-first-out line for what
/// waits.
///
/// Our own small client, not async-http-client: that one spends a task, a state machine lock and a header table on each
/// request, several times what the measured server spends on it, and the generator would become the bottleneck
/// (pitfall P28). Here a request is an integer tag; its bytes are asked for when a connection is free and the answer is
/// handed back by a direct call on the event loop.
///
/// Endpoints are taken in turn; one that refuses connections is left alone for a while. With no endpoint reachable,
/// requests wait in line until one is.
final class ConnectionPool {
    struct Configuration: Sendable {
        /// Most connections at once, waiting ones included.
        var limit: Int
        /// A written request without an answer for this long is lost and its connection closed.
        var requestTimeout: TimeAmount
        var version = Scenario.Traffic.Version.http1
        /// Otherwise each request opens a connection of its own. Over HTTP/2 it has a stream of its own in any case.
        var keepAlive = true
        /// Most connection attempts under way at once: a client's SYNs stay below a usual listen backlog (128 on old
        /// kernels), so the generator never measures the kernel's SYN retry timer.
        var connecting = 100
        /// Pause before an endpoint that refused is tried again: short, so that a restarted gateway is found at once.
        var endpointPause = TimeAmount.milliseconds(100)
        var connectTimeout = TimeAmount.seconds(5)
    }

    let loop: any EventLoop
    /// Set before the first request; outlives the pool's work.
    unowned var owner: (any ConnectionPoolOwner)?
    /// Requests that were lost with their connection or timed out.
    private(set) var lostRequests = 0
    private(set) var connectionFailures = 0

    private let configuration: Configuration
    private let endpoints: [Endpoint]
    private var waiting = CircularBuffer<Int>()
    private var connections: [HTTPConnection] = []
    private var idle: [HTTPConnection] = []
    private var connecting = 0
    private var warmTarget = 0
    private var nextEndpoint = 0
    private var pausedUntil: [NIODeadline]
    private var retryScheduled = false
    private var stopped = false
    /// nil for HTTP/1.1.
    private let links: HTTP2Links?

    init(loop: any EventLoop, endpoints: [Endpoint], configuration: Configuration) {
        self.loop = loop
        self.endpoints = endpoints
        self.configuration = configuration
        self.pausedUntil = Array(repeating: .uptimeNanoseconds(0), count: endpoints.count)
        self.links =
            configuration.version == .http2
            ? HTTP2Links(loop: loop, endpoints: endpoints, connectTimeout: configuration.connectTimeout) : nil
    }

    var openConnections: Int { connections.count }

    func submit(_ tag: Int) {
        waiting.append(tag)
        dispatch()
    }

    /// Opens up to `count` connections before they are needed.
    func warm(_ count: Int) {
        warmTarget = count
        connect(towards: count)
    }

    /// Closes connections whose request is overdue. Called by the owner a few times a second; one sweep is cheaper than
    /// a timer for every request.
    func closeOverdue(at now: NIODeadline) {
        let overdue = connections.filter { $0.exchange.map { $0.deadline < now } ?? false }
        for connection in overdue { connection.close() }
    }

    /// Drops what waits and closes every connection.
    func stop() {
        stopped = true
        waiting.removeAll()
        for connection in connections { connection.close() }
        links?.stop()
    }

    private func dispatch() {
        // After most answers nothing waits.
        guard !waiting.isEmpty, let owner else { return }
        while !waiting.isEmpty, let connection = idle.popLast() {
            guard connection.isActive else { continue }
            let now = NIODeadline.now()
            guard let request = nextRequest(of: owner, at: now) else { return idle.append(connection) }
            let patience = owner.patience(for: request.tag, from: self) ?? configuration.requestTimeout
            connection.send(request.bytes, tag: request.tag, deadline: now + patience)
        }
        if !waiting.isEmpty {
            connect(towards: connections.count + waiting.count)
        }
    }

    private func nextRequest(
        of owner: any ConnectionPoolOwner, at now: NIODeadline
    ) -> (tag: Int, bytes: ByteBuffer)? {
        while let tag = waiting.popFirst() {
            if let bytes = owner.request(for: tag, from: self, at: now) { return (tag, bytes) }
        }
        return nil
    }

    // MARK: Connections

    private func connect(towards count: Int) {
        let wanted = min(count, configuration.limit) - connections.count - connecting
        for _ in 0..<max(0, min(wanted, configuration.connecting - connecting)) {
            guard let endpoint = chooseEndpoint() else { return retryLater() }
            open(endpoint)
        }
    }

    private func chooseEndpoint() -> Int? {
        let now = NIODeadline.now()
        for _ in endpoints.indices {
            let candidate = nextEndpoint
            nextEndpoint = (nextEndpoint + 1) % endpoints.count
            if pausedUntil[candidate] <= now { return candidate }
        }
        return nil
    }

    private func open(_ endpoint: Int) {
        connecting += 1
        let connection = HTTPConnection(pool: self, endpoint: endpoint)
        if let links {
            return links.open(connection, to: endpoint).assumeIsolated().whenFailure { _ in self.refused(endpoint) }
        }
        let bound = NIOLoopBound(connection, eventLoop: loop)
        let target = endpoints[endpoint]
        ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            // One answer is all that can come: a second read would only be told that there is nothing more.
            .channelOption(.maxMessagesPerRead, value: 1)
            .connectTimeout(configuration.connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try target.addTLS(to: channel, for: .http1)
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(to: target.address)
            .assumeIsolated()
            .whenFailure { _ in self.refused(endpoint) }
    }

    private func refused(_ endpoint: Int) {
        connecting -= 1
        connectionFailures += 1
        pausedUntil[endpoint] = .now() + configuration.endpointPause
        if !waiting.isEmpty { connect(towards: connections.count + waiting.count) }
    }

    /// With every endpoint paused, tries again once the pause is over.
    private func retryLater() {
        guard !retryScheduled, !stopped else { return }
        retryScheduled = true
        loop.assumeIsolated().scheduleTask(in: configuration.endpointPause) {
            self.retryScheduled = false
            self.dispatch()
        }
    }

    func opened(_ connection: HTTPConnection) {
        connecting -= 1
        guard !stopped else { return connection.close() }
        connection.slot = connections.count
        connections.append(connection)
        idle.append(connection)
        dispatch()
        if connections.count < warmTarget { connect(towards: warmTarget) }
    }

    func received(_ reply: HTTPReply, for tag: Int, on connection: HTTPConnection) {
        if links != nil || !configuration.keepAlive { connection.retire() }
        if connection.isActive { idle.append(connection) }
        owner?.received(reply, for: tag, from: self)
        dispatch()
    }

    func closed(_ connection: HTTPConnection, losing tag: Int?) {
        // One that came up after `stop` was never in the list.
        guard connections.indices.contains(connection.slot) else { return }
        let last = connections.removeLast()
        if last !== connection {
            last.slot = connection.slot
            connections[connection.slot] = last
        }
        if tag == nil { idle.removeAll { $0 === connection } }
        guard !stopped else { return }
        if let tag {
            lostRequests += 1
            owner?.lost(tag, from: self)
        }
        dispatch()
    }
}
