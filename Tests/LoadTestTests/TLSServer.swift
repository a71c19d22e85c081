import Foundation
import NIOCore
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// A server behind TLS that speaks HTTP/1.1 or HTTP/2, whichever the client asks for, and answers as the test says.
final class TLSServer: Sendable {
    private final class Count: Sendable {
        let http2 = Atomic(0)
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let count = Count()

    /// `directory` holds `server.pem` and `server.key`.
    init(
        certificate directory: URL, answer: @escaping @Sendable (StandInServer.Request) -> StandInServer.Answer
    ) async throws {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(directory.appending(path: "server.pem").path)
                .map { .certificate($0) },
            privateKey: .privateKey(
                try NIOSSLPrivateKey(file: directory.appending(path: "server.key").path, format: .pem)))
        configuration.applicationProtocols = ["h2", "http/1.1"]
        let context = try NIOSSLContext(configuration: configuration)
        let count = self.count
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                }.flatMap {
                    channel.configureCommonHTTPServerPipeline(
                        h2ConnectionChannelConfigurator: { connection in
                            count.http2.add(1, ordering: .relaxed)
                            return connection.eventLoop.makeSucceededVoidFuture()
                        }
                    ) { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(
                                StandInServer.Handler(answer: answer, finished: {}))
                        }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    /// Connections that were agreed to be HTTP/2.
    var http2Connections: Int { count.http2.load(ordering: .relaxed) }

    func stop() async throws { try await group.shutdownGracefully() }
}
