import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// Makes the connections of one consumer, one after another.
struct RedisConnector: Sendable {
    /// Says where the next connection goes to.
    typealias Locator = @Sendable () async throws -> RedisAddress

    let configuration: RedisConfiguration
    let eventLoop: any EventLoop
    let locate: Locator
    let logger: Logger

    /// Keeps `consumer` connected until the task is cancelled. `failed` hears why an attempt did not succeed.
    ///
    /// Cancellation does not end a connection that is up; the consumer closes it.
    func keepConnected(_ consumer: any ReplyConsumer, failed: @Sendable (any Error) -> Void) async {
        var backoff = Backoff(minimum: configuration.reconnectMinimum, maximum: configuration.reconnectMaximum)
        var generator = SystemRandomNumberGenerator()
        var isFirstFailure = true
        while !Task.isCancelled {
            var metadata: Logger.Metadata = [:]
            do {
                let address = try await locate()
                metadata = ["redis.host": "\(address.host)", "redis.port": "\(address.port)"]
                let connection = try await connect(consumer, to: address)
                logger.info("Redis connected", metadata: metadata)
                backoff.reset()
                isFirstFailure = true
                try await connection.ended.get()
                guard !Task.isCancelled else { return }
                logger.notice("Redis connection lost", metadata: metadata)
            } catch {
                failed(error)
                metadata["error.message"] = "\(error)"
                logger.log(level: isFirstFailure ? .warning : .debug, "Redis connection failed", metadata: metadata)
                isFirstFailure = false
            }
            // Only cancellation ends the pause early, and the loop's condition sees it.
            try? await Task.sleep(for: backoff.next(using: &generator))
        }
    }

    /// Connects `consumer` and returns when that connection is gone; `failed` hears why there is none.
    func connectOnce(_ consumer: any ReplyConsumer, failed: (any Error) -> Void) async {
        do {
            let connection = try await connect(consumer, to: try await locate())
            try await connection.ended.get()
        } catch {
            failed(error)
        }
    }

    private func connect(_ consumer: any ReplyConsumer, to address: RedisAddress) async throws -> RedisConnection {
        let tls = try makeTLSContext()
        let serverName = Self.serverName(of: address)
        let connection = RedisConnection(
            address: address, eventLoop: eventLoop, configuration: configuration, consumer: consumer)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: serverName)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(host: address.host, port: address.port)
            .hop(to: eventLoop)
            .whenFailure { connection.close(.connectionLost("no connection", underlying: $0)) }
        try await withTaskCancellationHandler {
            try await connection.ready.get()
        } onCancel: {
            eventLoop.execute { connection.giveUp() }
        }
        return connection
    }

    /// Made anew for each connection, so that renewed certificate files are found.
    private func makeTLSContext() throws -> NIOSSLContext? {
        guard configuration.tls else { return nil }
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.certificateVerification =
            switch configuration.certificateVerification {
            case .full: .fullVerification
            case .ca: .noHostnameVerification
            case .none: .none
            }
        if let path = configuration.rootCertificatePath { settings.trustRoots = .file(path) }
        return try NIOSSLContext(configuration: settings)
    }

    /// The name to verify, which TLS allows for host names only; an address is verified by itself.
    private static func serverName(of address: RedisAddress) -> String? {
        let isAddress = (try? SocketAddress(ipAddress: address.host, port: 0)) != nil  // Fails for a name.
        return isAddress ? nil : address.host
    }
}

extension RedisConfiguration {
    /// Says where the one server is that takes all commands: at `host` and `port`, or where the sentinels say.
    func locator(eventLoop: any EventLoop, logger: Logger) -> RedisConnector.Locator {
        switch topology {
        case .server, .cluster:
            let address = RedisAddress(host: host, port: port)
            return { address }
        case .sentinels(let primary):
            let sentinels = SentinelDirectory(
                primary: primary, configuration: self, eventLoop: eventLoop, logger: logger)
            return { try await sentinels.locatePrimary() }
        }
    }
}
