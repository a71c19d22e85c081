package import Foundation
import Synchronization

/// One server started for a test, in a process group of its own, which cannot outlive the test run.
///
/// A small shell stands between the test and the server and holds the read end of a pipe: when the test process
/// ends, however it ends, the pipe closes and the shell stops the server. So no test run leaves a process behind.
package final class ServerProcess: Sendable {
    package let pid: Int32
    /// Where the server's standard output and error go.
    package let log: URL
    private let shell: Process
    private let lifeline: Pipe

    /// Starts `arguments[0]`, found on PATH, with the environment of this process changed by `environment`.
    package init(_ arguments: [String], environment: [String: String] = [:], log: URL) throws {
        self.log = log
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        // A process before this one may have written to the same log.
        try? FileManager.default.removeItem(at: log.appendingPathExtension("status"))
        let output = try FileHandle(forWritingTo: log)
        let announce = Pipe()
        self.lifeline = Pipe()
        self.shell = Process()
        shell.executableURL = URL(filePath: "/bin/bash")
        // fd 0 is the lifeline; the child's pid is announced as the first line on fd 1.
        // A background job of a non-interactive shell reads /dev/null, so the watcher reads the lifeline as fd 3.
        // A child that has not ended 5 s after SIGTERM is killed: nobody is left to wait for it.
        let script = """
            exec 3<&0
            "$@" </dev/null >>"$SERVER_LOG" 2>&1 &
            child=$!
            echo "$child"
            exec >/dev/null
            ( read -r _ <&3; kill -CONT "$child"; kill -TERM "$child"; sleep 5; kill -KILL "$child" ) 2>/dev/null &
            watcher=$!
            wait "$child"
            status=$?
            echo "$status" >"$SERVER_LOG.status"
            pkill -P "$watcher" 2>/dev/null; kill "$watcher" 2>/dev/null
            exit "$status"
            """
        shell.arguments = ["-c", script, "server"] + arguments
        var variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        variables["SERVER_LOG"] = log.path
        shell.environment = variables
        shell.standardInput = lifeline
        shell.standardOutput = announce
        shell.standardError = output
        // Threads of a pool block most signals, and a child inherits that: SIGTERM would never reach the server.
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try shell.run()
        try output.close()
        try lifeline.fileHandleForReading.close()
        // Foundation keeps a process that it has not seen end, and its pipes with it.
        try announce.fileHandleForWriting.close()
        defer { try? announce.fileHandleForReading.close() }  // Nothing more is read from it.
        var line = Data()
        while let byte = try announce.fileHandleForReading.read(upToCount: 1), byte != Data("\n".utf8), !byte.isEmpty {
            line.append(byte)
        }
        guard let pid = Int32(String(decoding: line, as: UTF8.self)) else {
            throw ServerError(description: "\(arguments[0]) did not start: see \(log.path)")
        }
        self.pid = pid
    }

    package var isRunning: Bool { kill(pid, 0) == 0 }

    /// Sends a signal to the server itself.
    package func signal(_ signal: Int32) { kill(pid, signal) }

    /// Waits until the server has ended and returns its exit status (128 + signal when a signal ended it). Blocks its
    /// thread: for short waits.
    ///
    /// By the process id, since Foundation's own wait was seen to hang when several processes end at once.
    @discardableResult
    package func waitUntilExit() -> Int32 {
        while isRunning { usleep(2_000) }
        while status == nil { usleep(1_000) }
        return status ?? -1
    }

    /// As `waitUntilExit`, without blocking a thread.
    package func exitStatus(within limit: Duration) async throws -> Int32 {
        try await eventually("process \(pid) ends", within: limit) { status != nil }
        return status ?? -1
    }

    /// What the shell noted when the server had ended.
    private var status: Int32? {
        guard let text = try? String(contentsOf: log.appendingPathExtension("status"), encoding: .utf8) else {
            return nil  // Not ended yet.
        }
        return Int32(text.dropLast())
    }

    /// Ends the server with `signal` and waits until it is gone.
    @discardableResult
    package func stop(_ signal: Int32 = SIGTERM) -> Int32 {
        if isRunning { self.signal(signal) }
        return waitUntilExit()
    }

    /// What the server has printed so far.
    package var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }  // No log yet reads as empty.

    deinit {
        try? lifeline.fileHandleForWriting.close()  // Already closed when the shell ended first.
    }
}

package struct ServerError: Error, CustomStringConvertible {
    package var description: String
    package init(description: String) { self.description = description }
}

/// A TCP port of the loopback interface that was free a moment ago, and is given out once in a process.
///
/// It lies below the ports that the kernel gives to outgoing connections (from 32,768 on), so that it is still free when
/// the server starts, and when it is started again.
package func freePort() throws -> Int {
    for port in (15_000..<32_000).shuffled() where isFree(port) {
        if givenPorts.withLock({ $0.insert(port).inserted }) { return port }
    }
    throw ServerError(description: "no free port")
}

private let givenPorts = Mutex<Set<Int>>([])

private func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    // As servers do: the closed connections of one that ended are no obstacle.
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

/// A new folder under the system's temporary folder, readable by the user that Postgres runs as; it goes when the test
/// process ends.
package func temporaryDirectory(_ name: String) throws -> URL {
    let url = FileManager.default.temporaryDirectory.appending(path: "onsale-\(name)-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(
        at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    FoldersToRemove.add(url)
    return url
}

/// The path of a program of ours, which is built beside the tests: beside the test's own program, or, where a runner has
/// loaded a bundle, beside what its arguments name.
package func builtProgram(_ name: String) -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""  // Linux only.
    let programs = [own, CommandLine.arguments[0]].map {
        URL(filePath: $0).deletingLastPathComponent().appending(path: name).path
    }
    return programs.first { FileManager.default.isExecutableFile(atPath: $0) } ?? programs[1]
}

/// Polls `condition` every 10 ms until it holds, and fails after `limit` with what was waited for.
package func eventually(
    _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw ServerError(description: "waited \(limit) in vain for: \(what)") }
        try await Task.sleep(for: .milliseconds(10))
    }
}
