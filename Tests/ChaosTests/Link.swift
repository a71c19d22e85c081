import NIOCore
import NIOPosix

/// A TCP proxy on the loopback interface: one link of a deployment, which can be disturbed and healed.
///
/// It gives each connection to the next of its servers that answers. What a disturbance has swallowed is never made up
/// for: healing resets the connections that miss something, as a network would whose way was gone for too long.
final class Link: Sendable {
    /// What is wrong with a link.
    enum Disturbance: Equatable, Sendable {
        /// Everything comes later by so much.
        case delay(TimeAmount)
        /// Nothing comes through, in either direction, and nobody is told: also no end of a connection.
        case blackHole
        /// All connections are reset, and new ones at once.
        case cut
    }

    let port: Int
    private let loop: any EventLoop
    private let state: NIOLoopBound<LinkState>
    private let listener: any Channel

    /// Listens on a free port.
    static func open(to servers: [Int], on loop: any EventLoop) async throws -> Link {
        let state = try await loop.submit {
            NIOLoopBound(LinkState(loop: loop, servers: servers), eventLoop: loop)
        }.get()
        let listener = try await ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try state.value.accept(channel) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return Link(port: listener.localAddress?.port ?? 0, loop: loop, state: state, listener: listener)
    }

    private init(port: Int, loop: any EventLoop, state: NIOLoopBound<LinkState>, listener: any Channel) {
        self.port = port
        self.loop = loop
        self.state = state
        self.listener = listener
    }

    /// Open connections.
    func connections() async throws -> Int {
        try await loop.submit { self.state.value.connections.count }.get()
    }

    /// Disturbs the link until it is healed, in place of any disturbance that there was.
    func disturb(_ disturbance: Disturbance) async throws {
        try await loop.submit { self.state.value.disturb(disturbance) }.get()
    }

    /// Ends every disturbance.
    func heal() async throws { try await loop.submit { self.state.value.heal() }.get() }

    /// Resets the connections that are open; new ones are not disturbed.
    func reset() async throws { try await loop.submit { self.state.value.reset() }.get() }

    /// Lets `count` bytes of the next reply on each connection that is open come through, and closes it there.
    func cutNextReplies(after count: Int) async throws {
        try await loop.submit { self.state.value.cutNextReplies(after: count) }.get()
    }

    /// Stops listening and ends all connections.
    func close() async throws {
        try await listener.close().get()
        try await reset()
    }
}

/// The connections of a link and what is wrong with it. Lives on the link's event loop.
final class LinkState {
    let loop: any EventLoop
    private(set) var disturbance: Link.Disturbance?
    private(set) var connections: [ObjectIdentifier: LinkConnection] = [:]
    private let servers: [Int]
    private var next = 0

    init(loop: any EventLoop, servers: [Int]) {
        self.loop = loop
        self.servers = servers
    }

    func accept(_ channel: any Channel) throws {
        let connection = LinkConnection(link: self, client: channel)
        connections[ObjectIdentifier(connection)] = connection
        try channel.pipeline.syncOperations.addHandler(LinkHandler(connection, side: .client))
    }

    /// The client's half is there.
    func opened(_ connection: LinkConnection) {
        switch disturbance {
        case .cut: connection.reset()
        // Nobody hears of it on the other side.
        case .blackHole: connection.swallow()
        case .delay, nil: connect(connection, tries: servers.count)
        }
    }

    func remove(_ connection: LinkConnection) { connections[ObjectIdentifier(connection)] = nil }

    func disturb(_ disturbance: Link.Disturbance) {
        self.disturbance = disturbance
        if disturbance == .cut { reset() }
    }

    func heal() {
        disturbance = nil
        for connection in connections.values { connection.heal() }
    }

    func reset() {
        for connection in connections.values { connection.reset() }
    }

    func cutNextReplies(after count: Int) {
        for connection in connections.values { connection.bytesUntilCut = count }
    }

    /// Gives the connection to the next server that answers.
    private func connect(_ connection: LinkConnection, tries: Int) {
        guard tries > 0 else { return connection.reset() }
        let port = servers[next % servers.count]
        next += 1
        ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(2))
            .channelInitializer { [connection = NIOLoopBound(connection, eventLoop: loop)] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LinkHandler(connection.value, side: .server))
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel): connection.connected(to: channel)
                case .failure: self.connect(connection, tries: tries - 1)
                }
            }
    }
}
