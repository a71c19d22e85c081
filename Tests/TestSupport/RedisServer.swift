package import Foundation
import Synchronization

/// A private Redis on the loopback interface with a data folder of its own, set as production is.
///
/// It ends with the test process at the latest; its folder goes with the value that started it.
package final class RedisServer: Sendable {
    package struct Options: Sendable {
        /// Makes the server ask for this password.
        package var password: String?
        /// Serves TLS instead of plain connections, with a certificate of a new authority (`certificateAuthority`).
        package var tls = false
        /// Serves a Unix socket as well (`unixSocket`).
        package var unixSocket = false
        /// More arguments of `redis-server`, such as `["--maxmemory", "2mb"]`.
        package var arguments: [String] = []

        package init() {}
    }

    /// A server for tests that keep to keys of their own; started by the first one that asks.
    package static var shared: RedisServer {
        get async throws { try await sharedStart.value }
    }

    private static let sharedStart = Task { try await RedisServer() }

    package let port: Int
    package let directory: URL
    private let options: Options
    private let process: Mutex<ServerProcess>

    /// Starts a server and waits until it takes commands.
    ///
    /// - Parameter file: The append-only file that it starts with, as another server has left it (`appendOnlyFile`).
    package init(_ options: Options = Options(), copying file: URL? = nil) async throws {
        self.options = options
        self.port = try freePort()
        self.directory = try temporaryDirectory("redis")
        if let file { try FileManager.default.copyItem(at: file, to: Self.appendOnlyFile(in: directory)) }
        if options.tls { try makeCertificates(in: directory) }
        self.process = Mutex(try Self.start(options, port: port, directory: directory))
        try await waitUntilReady()
    }

    /// `redis://` or `rediss://`, with the password, if there is one, and the authority to trust.
    package var url: String { url(port: port) }

    /// The same through another port, for a test that stands between.
    package func url(port: Int) -> String {
        let credentials = options.password.map { ":\($0)@" } ?? ""
        let query = options.tls ? "?sslrootcert=\(certificateAuthority.path)" : ""
        return "\(options.tls ? "rediss" : "redis")://\(credentials)127.0.0.1:\(port)/0\(query)"
    }

    /// The folder of all that the server remembers.
    package var appendOnlyFile: URL { Self.appendOnlyFile(in: directory) }
    package var unixSocket: URL { directory.appending(path: "redis.sock") }
    /// The PEM file of the authority that signed the server's certificate, made for `127.0.0.1` and `localhost`.
    package var certificateAuthority: URL { directory.appending(path: "ca.pem") }
    package var pid: Int32 { process.withLock { $0.pid } }
    package var isRunning: Bool { process.withLock { $0.isRunning } }
    /// What the server has logged since it was last started.
    package var output: String { process.withLock { $0.output } }

    /// Sends a signal and does not wait: `SIGSTOP` makes a server that answers nothing, `SIGCONT` wakes it.
    package func signal(_ signal: Int32) {
        process.withLock { $0.signal(signal) }
    }

    /// Ends the server with `signal` and waits until it is gone.
    package func stop(_ signal: Int32 = SIGTERM) {
        _ = process.withLock { $0 }.stop(signal)
    }

    /// Starts the server again on the same port and data; it is stopped first if it runs.
    package func restart() async throws {
        stop()
        let started = try Self.start(options, port: port, directory: directory)
        process.withLock { $0 = started }
        try await waitUntilReady()
    }

    deinit {
        process.withLock { $0 }.stop(SIGKILL)
        FoldersToRemove.remove(directory)
    }

    private static func appendOnlyFile(in directory: URL) -> URL { directory.appending(path: "appendonlydir") }

    private func waitUntilReady() async throws {
        try await eventually("Redis is ready: see \(directory.path)") {
            guard isRunning else { throw ServerError(description: "Redis ended: \(output)") }
            return output.contains("Ready to accept connections")
        }
    }

    private static func start(_ options: Options, port: Int, directory: URL) throws -> ServerProcess {
        var arguments = [
            "redis-server", "--bind", "127.0.0.1", "--dir", directory.path, "--save", "", "--appendonly", "yes",
            "--appendfsync", "always", "--no-appendfsync-on-rewrite", "no", "--maxmemory-policy", "noeviction",
        ]
        if options.tls {
            arguments += [
                "--port", "0", "--tls-port", "\(port)", "--tls-auth-clients", "no",
                "--tls-cert-file", directory.appending(path: "server.pem").path,
                "--tls-key-file", directory.appending(path: "server.key").path,
                "--tls-ca-cert-file", directory.appending(path: "ca.pem").path,
            ]
        } else {
            arguments += ["--port", "\(port)"]
        }
        if options.unixSocket { arguments += ["--unixsocket", directory.appending(path: "redis.sock").path] }
        if let password = options.password { arguments += ["--requirepass", password] }
        return try ServerProcess(
            arguments + options.arguments, log: directory.appending(path: "redis-\(UUID().uuidString.prefix(8)).log"))
    }
}
