import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// Makes the connections of one consumer, one after another.
struct RedisConnector: Sendable {
    let configuration: RedisConfiguration
    let eventLoop: any EventLoop
    let logger: Logger

    /// Keeps `consumer` connected until the task is cancelled. `failed` hears why an attempt did not succeed.
    ///
    /// Cancellation does not end a connection; the consumer closes it.
    func keepConnected(_ consumer: any ReplyConsumer, failed: @Sendable (any Error) -> Void) async {
        var backoff = Backoff(minimum: configuration.reconnectMinimum, maximum: configuration.reconnectMaximum)
        var generator = SystemRandomNumberGenerator()
        var isFirstFailure = true
        while !Task.isCancelled {
            do {
                let connection = try await connect(consumer)
                logger.info("Redis connected", metadata: metadata)
                backoff.reset()
                isFirstFailure = true
                try await connection.ended.get()
                guard !Task.isCancelled else { return }
                logger.notice("Redis connection lost", metadata: metadata)
            } catch {
                failed(error)
                let metadata = metadata.merging(["error.message": "\(error)"]) { $1 }
                logger.log(level: isFirstFailure ? .warning : .debug, "Redis connection failed", metadata: metadata)
                isFirstFailure = false
            }
            // Only cancellation ends the pause early, and the loop's condition sees it.
            try? await Task.sleep(for: backoff.next(using: &generator))
        }
    }

    private func connect(_ consumer: any ReplyConsumer) async throws -> RedisConnection {
        let tls = try makeTLSContext()
        let connection = RedisConnection(eventLoop: eventLoop, configuration: configuration, consumer: consumer)
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
            .connect(host: configuration.host, port: configuration.port)
            .hop(to: eventLoop)
            .whenFailure { connection.close(.connectionLost("no connection", underlying: $0)) }
        try await connection.ready.get()
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
    private var serverName: String? {
        let isAddress = (try? SocketAddress(ipAddress: configuration.host, port: 0)) != nil  // Fails for a name.
        return isAddress ? nil : configuration.host
    }

    private var metadata: Logger.Metadata {
        ["redis.host": "\(configuration.host)", "redis.port": "\(configuration.port)"]
    }
}
