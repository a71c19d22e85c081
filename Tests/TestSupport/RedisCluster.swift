import Foundation

/// A private Redis Cluster on the loopback interface: three primaries with a replica each, all set as production is.
///
/// Its servers end, and their folders go, as those of `RedisServer` do.
package final class RedisCluster: Sendable {
    /// Three primaries are the fewest that can vote for a replica when one of them is gone.
    private static let primaries = 3
    /// How long a node may be silent, in milliseconds, before the others call it failed. A fail-over then takes about
    /// twice this time.
    private static let nodeTimeout = 1_000

    /// The primaries at first, then their replicas in the same order.
    package let servers: [RedisServer]

    /// Starts the servers, joins them, and waits until every slot is served and every replica has its data.
    package init(arguments: [String] = []) async throws {
        servers = try await withThrowingTaskGroup(of: RedisServer.self) { group in
            for _ in 0..<(2 * Self.primaries) {
                var options = RedisServer.Options()
                options.arguments =
                    [
                        "--cluster-enabled", "yes", "--cluster-port", "\(try freePort())",
                        "--cluster-node-timeout", "\(Self.nodeTimeout)",
                        // A replica that has just been joined takes over at once, and full copies start at once.
                        "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0",
                    ] + arguments
                group.addTask { [options] in try await RedisServer(options) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try await join()
    }

    /// `redis-cluster://` with every node.
    package var url: String {
        "redis-cluster://" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
    }

    private func join() async throws {
        let slots = 16_384
        for (index, server) in servers.prefix(Self.primaries).enumerated() {
            let first = slots * index / Self.primaries
            let last = slots * (index + 1) / Self.primaries - 1
            try run(["CLUSTER", "ADDSLOTSRANGE", "\(first)", "\(last)"], at: server)
            try run(["CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)"], at: server)
        }
        for server in servers.dropFirst() {
            let bus = try run(["CONFIG", "GET", "cluster-port"], at: server).split(separator: "\n")[1]
            try run(["CLUSTER", "MEET", "127.0.0.1", "\(server.port)", String(bus)], at: servers[0])
        }
        try await eventually("every node knows every other") {
            try servers.allSatisfy { server in
                let nodes = try nodes(asSeenBy: server)
                return nodes.count == servers.count && nodes.allSatisfy { !$0.isInHandshake }
            }
        }
        for (primary, replica) in zip(servers, servers.dropFirst(Self.primaries)) {
            try run(["CLUSTER", "REPLICATE", try id(of: primary)], at: replica)
        }
        try await settled()
    }

    /// Waits until all slots are served, and every node that runs agrees on who serves them and has its primary's data.
    package func settled() async throws {
        try await eventually("the cluster is settled", within: .seconds(40)) {
            let running = servers.filter(\.isRunning)
            var views: Set<[String]> = []
            for server in running {
                guard try run(["CLUSTER", "INFO"], at: server).contains("cluster_state:ok") else { return false }
                let replication = try run(["INFO", "replication"], at: server)
                guard replication.contains("role:master") || replication.contains("master_link_status:up") else {
                    return false
                }
                views.insert(try nodes(asSeenBy: server).filter(\.servesSlots).map(\.summary).sorted())
            }
            return views.count == 1
        }
    }

    // MARK: What happens to it

    /// Makes the replica of the primary of `key` the primary, without loss, as an operator does.
    package func failOver(of key: String) async throws {
        let old = try primary(of: key)
        let replica = try replica(of: old)
        try run(["CLUSTER", "FAILOVER"], at: replica)
        try await eventually("the replica has taken over") { try primary(of: key) === replica }
    }

    /// Kills the primary of `key` at once and returns it; its replica takes over within seconds.
    @discardableResult
    package func kill(primaryOf key: String) throws -> RedisServer {
        let primary = try primary(of: key)
        primary.stop(SIGKILL)
        return primary
    }

    /// Waits until another server than `old` serves the slot of `key`.
    package func takenOver(from old: RedisServer, key: String) async throws {
        try await eventually("a replica has taken over \(key)") {
            guard let server = try server(of: key) else { return false }
            return server !== old
        }
    }

    /// Ends every server with `signal`.
    package func stop(_ signal: Int32) {
        for server in servers { server.stop(signal) }
    }

    /// Starts every server again that does not run.
    package func restart() async throws {
        for server in servers where !server.isRunning { try await server.restart() }
        try await settled()
    }

    /// Keeps the replica of the primary of `key` from taking over anything its primary writes, and so from confirming it,
    /// until `resume`; returns the replica.
    package func pauseReplica(of key: String) throws -> RedisServer {
        let replica = try replica(of: try primary(of: key))
        // A minute: longer than any test needs.
        try run(["CLIENT", "PAUSE", "60000", "WRITE"], at: replica)
        return replica
    }

    /// Ends what `pauseReplica` began.
    package func resume(_ server: RedisServer) throws { try run(["CLIENT", "UNPAUSE"], at: server) }

    /// Moves the slot of `key` to another primary, key by key, while traffic goes on.
    package func reshard(slotOf key: String) async throws {
        let source = try primary(of: key)
        guard let target = try primariesByView().first(where: { $0 !== source }) else {
            throw ServerError(description: "there is no other primary")
        }
        let slot = try run(["CLUSTER", "KEYSLOT", key], at: source)
        try run(["CLUSTER", "SETSLOT", slot, "IMPORTING", try id(of: source)], at: target)
        try run(["CLUSTER", "SETSLOT", slot, "MIGRATING", try id(of: target)], at: source)
        // One shell for all keys: there may be thousands.
        let script = """
            set -e
            while keys=$(redis-cli -p "$1" CLUSTER GETKEYSINSLOT "$3" 100); [[ -n $keys ]]; do
                mapfile -t list <<<"$keys"
                redis-cli -p "$1" -e MIGRATE 127.0.0.1 "$2" "" 0 5000 KEYS "${list[@]}"
            done
            """
        let mover = try ServerProcess(
            ["bash", "-c", script, "mover", "\(source.port)", "\(target.port)", slot], log: log("migrate"))
        guard try await mover.exitStatus(within: .seconds(60)) == 0 else {
            throw ServerError(description: "MIGRATE: \(mover.output)")
        }
        let owner = try id(of: target)
        for server in [target, source] + (try primariesByView()).filter({ $0 !== target && $0 !== source }) {
            try run(["CLUSTER", "SETSLOT", slot, "NODE", owner], at: server)
        }
    }

    /// Runs one command at the node of its key and returns what redis-cli prints.
    @discardableResult
    package func command(_ words: [String], key: String) throws -> String {
        try run(words, at: try primary(of: key))
    }

    /// Runs one command, such as FLUSHALL, at every primary.
    @discardableResult
    package func commandAtPrimaries(_ words: [String]) throws -> [String] {
        try primariesByView().map { try run(words, at: $0) }
    }

    // MARK: Nodes

    /// The server that serves the slot of `key`.
    package func primary(of key: String) throws -> RedisServer {
        guard let server = try server(of: key) else { throw ServerError(description: "nobody serves \(key)") }
        return server
    }

    /// As `primary(of:)`; nil while nobody does.
    private func server(of key: String) throws -> RedisServer? {
        let witness = try witness()
        let slot = Int(try run(["CLUSTER", "KEYSLOT", key], at: witness)) ?? -1
        let node = try nodes(asSeenBy: witness).first { $0.serves(slot) }
        return servers.first { $0.port == node?.port }
    }

    package func replica(of primary: RedisServer) throws -> RedisServer {
        let nodes = try nodes(asSeenBy: primary)
        guard let own = nodes.first(where: { $0.port == primary.port }),
            let node = nodes.first(where: { $0.primary == own.id && !$0.hasFailed }),
            let server = servers.first(where: { $0.port == node.port })
        else { throw ServerError(description: "\(primary.port) has no replica") }
        return server
    }

    private func primariesByView() throws -> [RedisServer] {
        let serving = Set(try nodes(asSeenBy: witness()).filter(\.servesSlots).map(\.port))
        return servers.filter { serving.contains($0.port) && $0.isRunning }
    }

    /// A node that runs and is in touch with the others.
    private func witness() throws -> RedisServer {
        for server in servers where server.isRunning {
            if try run(["CLUSTER", "INFO"], at: server).contains("cluster_state:ok") { return server }
        }
        guard let any = servers.first(where: \.isRunning) else {
            throw ServerError(description: "no node of the cluster runs")
        }
        return any
    }

    private func nodes(asSeenBy server: RedisServer) throws -> [ClusterNode] {
        try run(["CLUSTER", "NODES"], at: server).split(separator: "\n").compactMap(ClusterNode.init)
    }

    private func id(of server: RedisServer) throws -> String { try run(["CLUSTER", "MYID"], at: server) }

    @discardableResult
    private func run(_ words: [String], at server: RedisServer) throws -> String {
        let cli = try ServerProcess(["redis-cli", "-p", "\(server.port)", "-e"] + words, log: log("cli"))
        guard cli.waitUntilExit() == 0 else {
            throw ServerError(description: "\(words.prefix(3).joined(separator: " ")): \(cli.output)")
        }
        return cli.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func log(_ name: String) -> URL {
        servers[0].directory.appending(path: "\(name)-\(UUID().uuidString.prefix(8)).log")
    }
}

/// One line of `CLUSTER NODES`.
private struct ClusterNode {
    let id: String
    let port: Int
    let flags: Set<Substring>
    /// The id of the primary that it replicates.
    let primary: Substring
    let slots: [ClosedRange<Int>]

    init?(_ line: Substring) {
        // id, address:port@bus, flags, primary, ping, pong, epoch, link, slots. A slot on its way stands in brackets.
        let words = line.split(separator: " ")
        guard words.count >= 8, let port = Int(words[1].split(separator: "@")[0].split(separator: ":").last ?? "")
        else { return nil }
        self.id = String(words[0])
        self.port = port
        self.flags = Set(words[2].split(separator: ","))
        self.primary = words[3]
        self.slots = words[8...].filter { !$0.hasPrefix("[") }.compactMap { range in
            let ends = range.split(separator: "-").compactMap { Int($0) }
            return ends.isEmpty ? nil : ends[0]...ends[ends.count - 1]
        }
    }

    var isInHandshake: Bool { flags.contains("handshake") }
    var hasFailed: Bool { flags.contains("fail") || flags.contains("fail?") }
    var servesSlots: Bool { !slots.isEmpty && !hasFailed }
    var summary: String { "\(port) \(slots)" }

    func serves(_ slot: Int) -> Bool { !hasFailed && slots.contains { $0.contains(slot) } }
}
