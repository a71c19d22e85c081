package import Foundation
import Synchronization

/// A private Postgres cluster for tests, on a free port of the loopback interface and on a Unix socket. Its folder is
/// removed after the test process has ended, however it ends.
package final class PostgresServer: Sendable {
    package enum Authentication: String, Sendable {
        case trust
        case password = "scram-sha-256"
    }

    /// How a server is told to end.
    package enum Shutdown: Sendable {
        /// Waits for the clients to leave.
        case smart
        /// Ends the clients' sessions.
        case fast
        /// Stops at once; the next start recovers from the log.
        case immediate

        var signal: Int32 {
            switch self {
            case .smart: SIGTERM
            case .fast: SIGINT
            case .immediate: SIGQUIT
            }
        }
    }

    /// Started when first used, one for each test process.
    private static let sharedResult = Result { try PostgresServer() }

    package static var shared: PostgresServer {
        get throws { try sharedResult.get() }
    }

    package static let user = "onsale"
    package static let password = "a secret word"

    package let port: Int
    /// Holds the cluster, the log and the Unix socket.
    package let directory: URL
    /// The certificate that the server shows, when it was started with TLS.
    package let certificate: URL?
    private let authentication: Authentication
    private let settings: [String: String]
    private let process: Mutex<ServerProcess>
    private let janitor: Pipe

    /// Makes a cluster and starts it.
    /// - Parameters:
    ///   - tls: with a self-signed certificate for `localhost` and 127.0.0.1.
    ///   - settings: of postgresql.conf, over those that every test server has.
    package init(
        authentication: Authentication = .trust, tls: Bool = false, settings: [String: String] = [:]
    ) throws {
        self.authentication = authentication
        self.port = try freePort()
        self.directory = try temporaryDirectory("postgres")
        self.janitor = try Self.startJanitor(of: directory)
        var settings = [
            "listen_addresses": "127.0.0.1", "port": "\(port)", "unix_socket_directories": directory.path,
            "fsync": "on", "max_connections": "100", "log_min_messages": "warning",
        ].merging(settings) { $1 }
        if getuid() == 0 { try Self.run(["chown", "postgres:postgres", directory.path]) }
        let passwordFile = directory.appending(path: "password")
        try Self.password.write(to: passwordFile, atomically: false, encoding: .utf8)
        try Self.run(
            Self.asServerUser([
                try Self.binary("initdb"), "--no-sync", "--encoding=UTF8", "--locale=C", "--username=\(Self.user)",
                "--auth=\(authentication.rawValue)", "--pwfile=\(passwordFile.path)",
                "--pgdata=\(directory.appending(path: "data").path)",
            ]))
        if tls {
            self.certificate = try Self.makeCertificate(in: directory)
            settings["ssl"] = "on"
            settings["ssl_cert_file"] = directory.appending(path: "server.crt").path
            settings["ssl_key_file"] = directory.appending(path: "server.key").path
        } else {
            self.certificate = nil
        }
        self.settings = settings
        self.process = Mutex(try Self.start(directory: directory, settings: settings))
    }

    /// Of the database `postgres`, by TCP.
    package var url: String { url(database: "postgres") }

    package func url(database: String, parameters: String = "") -> String {
        let secret = authentication == .trust ? "" : ":" + Self.password.replacing(" ", with: "%20")
        return
            "postgres://\(Self.user)\(secret)@127.0.0.1:\(port)/\(database)\(parameters.isEmpty ? "" : "?")\(parameters)"
    }

    /// Of the database `postgres`, by the Unix socket.
    package var socketURL: String {
        "postgres:///postgres?host=\(directory.path)&port=\(port)&user=\(Self.user)"
    }

    /// The process id of the postmaster.
    package var pid: Int32 { process.withLock { $0.pid } }

    /// What the server has logged.
    package var log: String { process.withLock { $0.output } }

    /// Makes an empty database of its own for one test and returns its URL.
    package func createDatabase() throws -> String {
        let name = "test_" + UUID().uuidString.lowercased().replacing("-", with: "").prefix(16)
        try psql("CREATE DATABASE \(name)")
        return url(database: name)
    }

    /// Runs SQL by `psql`, for what a test does behind the back of the code under test. Returns its bare output.
    @discardableResult
    package func psql(_ sql: String, url: String? = nil) throws -> String {
        try Self.run(
            [try Self.binary("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url ?? self.url, "-c", sql])
    }

    /// Ends the server and starts it again with the same data on the same port.
    package func restart(_ mode: Shutdown = .fast) throws {
        stop(mode.signal)
        try start()
    }

    /// Ends the server with `signal` and waits until it is gone.
    package func stop(_ signal: Int32 = SIGINT) {
        let process = process.withLock { $0 }
        process.signal(signal)
        while Self.isAlive(process) { usleep(2_000) }
    }

    /// Sends a signal to the server and to all processes that serve its clients: `SIGSTOP` makes a server that answers
    /// nothing, `SIGCONT` wakes it.
    package func signalAll(_ signal: Int32) {
        let pid = pid
        // Ended meanwhile: no children.
        let children = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        for process in [pid] + children.split(separator: " ").compactMap({ Int32($0) }) { kill(process, signal) }
    }

    /// Asks the system, because `Process` learns late, or never, that its child has ended while others are started.
    private static func isAlive(_ process: ServerProcess) -> Bool { kill(process.pid, 0) == 0 }

    /// Starts the server after ``stop(_:)``.
    package func start() throws {
        let started = try Self.start(directory: directory, settings: settings)
        process.withLock { $0 = started }
    }

    /// The backends of a postmaster that was killed hold its shared memory until they notice, so that the next one
    /// refuses to start for a moment: it is tried again until the time is over.
    private static func start(directory: URL, settings: [String: String]) throws -> ServerProcess {
        let data = directory.appending(path: "data").path
        let arguments = settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
        let end = ContinuousClock.now + .seconds(30)
        while true {
            let process = try spawning {
                try ServerProcess(
                    asServerUser([try binary("postgres"), "-D", data] + arguments),
                    log: directory.appending(path: "postgres.log"))
            }
            while isAlive(process), ContinuousClock.now < end {
                if isReady(data: data, pid: process.pid) { return process }
                usleep(5_000)
            }
            guard ContinuousClock.now < end else {
                process.signal(SIGQUIT)
                throw ServerError(description: "postgres did not become ready: \(process.output)")
            }
            usleep(50_000)
        }
    }

    /// The postmaster writes its pid and its state to the first and the eighth line of this file, as `pg_ctl` reads it.
    private static func isReady(data: String, pid: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8) else {
            return false  // Not written yet.
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.count >= 8 && lines[0] == "\(pid)" && lines[7].hasPrefix("ready")
    }

    /// Postgres refuses to run as root.
    private static func asServerUser(_ arguments: [String]) -> [String] {
        guard getuid() == 0 else { return arguments }
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] + arguments
    }

    /// Path of one of the server's programs, which distributions keep out of PATH.
    private static func binary(_ name: String) throws -> String {
        try binaries.get() + "/" + name
    }

    private static let binaries = Result {
        let candidates = [try? run(["pg_config", "--bindir"])].compactMap(\.self) + versionDirectories()
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") })
        else { throw ServerError(description: "Postgres is not installed: no initdb in \(candidates)") }
        return found
    }

    private static func versionDirectories() -> [String] {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []  // No such folder: none.
        return versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(root)/\($0)/bin" }
    }

    /// For `localhost`, good for two days: `server.crt` and `server.key`. Readable by Postgres.
    static func makeCertificate(in directory: URL) throws -> URL {
        let certificate = directory.appending(path: "server.crt")
        let key = directory.appending(path: "server.key")
        try run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", key.path, "-out", certificate.path,
        ])
        if getuid() == 0 { try run(["chown", "postgres:postgres", key.path]) }
        try run(["chmod", "600", key.path])
        return certificate
    }

    /// Runs a program to its end and returns what it printed, without the last line break.
    @discardableResult
    private static func run(_ arguments: [String]) throws -> String {
        let output = FileManager.default.temporaryDirectory.appending(path: "onsale-output-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }  // Not there when nothing was started.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output.path, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let words = arguments.map { strdup($0) } + [nil]
        var child: pid_t = 0
        let code = spawning { posix_spawnp(&child, words[0]!, &actions, nil, words, environ) }
        for word in words { free(word) }
        posix_spawn_file_actions_destroy(&actions)
        guard code == 0 else { throw ServerError(description: "\(arguments[0]) did not start: error \(code)") }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let text = try String(contentsOf: output, encoding: .utf8)
        guard status == 0 else {
            throw ServerError(description: "\(arguments.joined(separator: " ")) failed: \(text)")
        }
        return text.trimmingCharacters(in: .newlines)
    }

    /// A shell that removes the folder once this process is gone and the server has ended after it.
    private static func startJanitor(of directory: URL) throws -> Pipe {
        let lifeline = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [
            "-c",
            """
            read -r _
            for _ in $(seq 100); do [ -e "$1/data/postmaster.pid" ] || break; sleep 0.1; done
            rm -rf -- "$1"
            """, "janitor", directory.path,
        ]
        process.standardInput = lifeline
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try spawning { try process.run() }
        try lifeline.fileHandleForReading.close()
        return lifeline
    }
}

private let spawnLock = Mutex(())

/// Starts a child process while no other is being started. `Process` learns that its child has ended from a socket
/// which the child holds; a child started at the same moment would inherit that socket and hide the end of the first.
package func spawning<T>(_ start: () throws -> T) rethrows -> T {
    try spawnLock.withLock { _ in try start() }
}

/// Runs `body`, which blocks, on a thread of its own: tests run on as many threads as there are processors, and one
/// that waits for a server must not stop the others.
package func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
