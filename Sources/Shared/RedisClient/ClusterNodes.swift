import Synchronization

/// The nodes that one user of a cluster has links to: all callers together, or one blocking connection.
final class ClusterNodes: Sendable {
    private struct State {
        var nodes: [RedisAddress: ClusterNode] = [:]
        var isClosed = false
    }

    private let makeNode: @Sendable (RedisAddress) -> ClusterNode
    private let state = Mutex(State())
    private let next = Atomic<Int>(0)
    private let (added, adding) = AsyncStream.makeStream(of: ClusterNode.self)

    /// `makeNode` makes the links, whose number is the same for all nodes; `run()` connects them.
    init(makeNode: @escaping @Sendable (RedisAddress) -> ClusterNode) {
        self.makeNode = makeNode
    }

    /// Keeps the links of all nodes up until cancellation.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await node in added {
                group.addTask { await node.run() }
            }
        }
    }

    /// A link to the node at `address`, which is made when there is none; nil after `drain()`.
    func link(to address: RedisAddress) -> RedisLink? {
        guard let links = node(at: address)?.links else { return nil }
        guard links.count > 1 else { return links[0] }
        let ticket = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return links[Int(UInt(bitPattern: ticket) % UInt(links.count))]
    }

    private func node(at address: RedisAddress) -> ClusterNode? {
        if let node = state.withLock({ $0.nodes[address] }) { return node }
        let made = makeNode(address)
        let (node, isNew): (ClusterNode?, Bool) = state.withLock { state in
            // Another caller may have made it meanwhile.
            if let node = state.nodes[address] { return (node, false) }
            guard !state.isClosed else { return (nil, false) }
            state.nodes[address] = made
            return (made, true)
        }
        if isNew { adding.yield(made) }
        return node
    }

    /// Lets go of every node that is no primary any more.
    func keep(only primaries: [RedisAddress]) {
        let gone = state.withLock { state in
            let gone = state.nodes.filter { !primaries.contains($0.key) }
            for address in gone.keys { state.nodes[address] = nil }
            return gone.values
        }
        for node in gone { node.leave() }
    }

    /// Whether commands sent to each of `addresses` now would find a connection.
    func areConnected(_ addresses: [RedisAddress]) -> Bool {
        let nodes = state.withLock { $0.nodes }
        return addresses.allSatisfy { nodes[$0]?.isConnected == true }
    }

    /// Takes no more commands and waits until those that were sent are answered or out of time.
    func drain() async {
        let nodes = state.withLock { state in
            state.isClosed = true
            return state.nodes.values
        }
        for node in nodes { await node.drain() }
    }
}
