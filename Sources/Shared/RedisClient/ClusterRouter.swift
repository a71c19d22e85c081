import Logging
import NIOCore
import Synchronization

/// The way to the nodes of a Redis Cluster: keeps the slot map true and brings each command to where it can run.
///
/// Nothing is sent twice except what a node said it did not run.
final class ClusterRouter: Sendable {
    private struct State {
        var map: SlotMap?
        /// Why the map could not be read when it was last tried.
        var lastFailure: (any Error)?
        /// Everyone who has links to nodes, to be told when a node is gone.
        var users: [ObjectIdentifier: ClusterNodes] = [:]
        var isClosed = false
        var nextPrimary = 0
    }

    /// Whom a command is for.
    enum Target: Sendable {
        case slot(HashSlot)
        /// A command without a key.
        case anyPrimary
        case primary(RedisAddress)
    }

    /// Nodes asked at once for their view of the cluster; the first answer counts.
    private static let nodesAskedAtOnce = 3
    /// How long one node may take to tell its view.
    private static let viewTimeout = Duration.seconds(1)
    /// How often it is looked whether the map must be read, and so how often it is read at most.
    private static let refreshPause = Duration.milliseconds(100)

    let configuration: RedisConfiguration
    private let eventLoopGroup: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())
    private let mapIsDoubted = Atomic(true)

    init(configuration: RedisConfiguration, eventLoopGroup: any EventLoopGroup, logger: Logger) {
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
    }

    /// Links for one user of the cluster, `count` to each node; `leave` ends their care.
    /// - Parameter areShared: Whether many callers share them, so that their calls are measured.
    func makeNodes(linksPerNode count: Int, areShared: Bool) -> ClusterNodes {
        let configuration = areShared ? configuration : configuration.unmeasured
        let doubtMap: @Sendable () -> Void = { [weak self] in self?.doubtMap() }
        let nodes = ClusterNodes { [configuration, eventLoopGroup, logger] address in
            ClusterNode(
                links: (0..<count).map { _ in
                    RedisLink(
                        configuration: configuration.at(address), eventLoop: eventLoopGroup.next(), logger: logger,
                        troubled: doubtMap)
                })
        }
        state.withLock { $0.users[ObjectIdentifier(nodes)] = nodes }
        return nodes
    }

    func leave(_ nodes: ClusterNodes) {
        state.withLock { $0.users[ObjectIdentifier(nodes)] = nil }
    }

    /// Keeps the map true until cancellation: it is read at `topologyInterval`, and soon after anything casts doubt on
    /// it. `changed` hears the nodes of each new map.
    func run(changed: @Sendable (Set<RedisAddress>) -> Void) async {
        var nextRead = ContinuousClock.now
        while !Task.isCancelled {
            if mapIsDoubted.exchange(false, ordering: .relaxed) || ContinuousClock.now >= nextRead {
                if let map = await readMap() {
                    adopt(map)
                    changed(map.nodes)
                    nextRead = .now + configuration.topologyInterval
                } else {
                    doubtMap()
                }
            }
            // Only cancellation ends the pause early, and the loop's condition sees it.
            try? await Task.sleep(for: Self.refreshPause)
        }
    }

    /// Fails what is sent from now on.
    func close() {
        state.withLock { $0.isClosed = true }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    var primaries: [RedisAddress] { state.withLock { $0.map?.primaries ?? [] } }
    var lastFailure: (any Error)? { state.withLock { $0.lastFailure } }

    /// The node that serves `target` as far as the map says.
    func address(of target: Target) -> RedisAddress? {
        state.withLock { state in
            switch target {
            case .slot(let slot): return state.map?[slot]
            case .primary(let address): return address
            case .anyPrimary:
                guard let primaries = state.map?.primaries, !primaries.isEmpty else { return nil }
                state.nextPrimary = (state.nextPrimary + 1) % primaries.count
                return primaries[state.nextPrimary]
            }
        }
    }

    /// A node to subscribe at: any, since a cluster hands every message to all of its nodes.
    func anyNode() -> RedisAddress {
        state.withLock { $0.map?.nodes.randomElement() } ?? configuration.addresses.randomElement()!
    }

    func doubtMap() {
        mapIsDoubted.store(true, ordering: .relaxed)
    }

    /// Asks known nodes and the configured ones, in random order, until one tells its view.
    private func readMap() async -> SlotMap? {
        var candidates = state.withLock { $0.map?.nodes ?? [] }.union(configuration.addresses).shuffled()
        while !candidates.isEmpty, !Task.isCancelled {
            let asked = candidates.prefix(Self.nodesAskedAtOnce)
            candidates.removeFirst(asked.count)
            let map: SlotMap? = await withTaskGroup(of: Result<SlotMap, RedisClientError>.self) { group in
                for address in asked { group.addTask { await self.view(of: address) } }
                defer { group.cancelAll() }
                for await answer in group {
                    switch answer {
                    case .success(let map): return map
                    case .failure(let error): state.withLock { $0.lastFailure = error }
                    }
                }
                return nil
            }
            if let map { return map }
        }
        return nil
    }

    /// What one node knows, on a connection of its own, so that nothing else is waited for.
    private func view(of address: RedisAddress) async -> Result<SlotMap, RedisClientError> {
        var quiet = logger
        quiet.logLevel = .error
        let link = RedisLink(
            configuration: configuration.unmeasured.at(address), eventLoop: eventLoopGroup.next(), logger: quiet)
        do throws(RedisClientError) {
            let reply = try await link.answer(to: RedisCommand("CLUSTER", "SLOTS"), within: Self.viewTimeout)
            guard let map = SlotMap(reply, answeredBy: address), !map.primaries.isEmpty else {
                return .failure(
                    RedisClientError(.protocolViolation, "\(address) serves no slot map", mayHaveRun: false))
            }
            return .success(map)
        } catch {
            return .failure(error)
        }
    }

    private func adopt(_ map: SlotMap) {
        let (old, users) = state.withLock { state in
            defer { state.map = map }
            state.lastFailure = nil
            return (state.map, state.users.values)
        }
        if old.map({ Set($0.primaries) }) != Set(map.primaries) {
            logger.notice(
                "Redis cluster has new primaries",
                metadata: ["redis.primaries": "\(map.primaries.map(\.description).sorted())"])
        }
        for nodes in users { nodes.keep(only: map.primaries) }
    }

    /// Takes note of a `MOVED`; what else has moved with the slot is read soon.
    func move(_ slot: HashSlot, to address: RedisAddress) {
        state.withLock { state in
            guard state.map?[slot] != address else { return }
            state.map?.move(slot, to: address)
            mapIsDoubted.store(true, ordering: .relaxed)
        }
    }
}
