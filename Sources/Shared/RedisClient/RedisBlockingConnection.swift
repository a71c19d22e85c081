/// A connection that nobody else uses, so that a blocking command delays no other.
///
/// The timeout of a blocking command must be longer than the time it blocks. Commands sent while another one blocks
/// wait behind it. When a blocking read times out or is cancelled, its reply is dropped: entries that an `XREADGROUP`
/// had already taken stay pending for its consumer.
package final class RedisBlockingConnection: Sendable {
    private enum Way {
        case link(RedisLink)
        case cluster(ClusterRouter, ClusterNodes, HashSlot)
    }

    private let way: Way

    init(link: RedisLink) {
        self.way = .link(link)
    }

    /// A connection to whichever node serves `slot`; `nodes` are this connection's alone.
    init(cluster: ClusterRouter, nodes: ClusterNodes, slot: HashSlot) {
        self.way = .cluster(cluster, nodes, slot)
    }

    /// The same contract as `RedisClient.send`.
    package nonisolated(nonsending) func send(
        _ command: RedisCommand, timeout: Duration? = nil
    ) async throws(RedisClientError) -> RESPValue {
        switch way {
        case .link(let link): try await link.send(command, timeout: timeout)
        case .cluster(let cluster, let nodes, let slot):
            try await cluster.send(command, to: .slot(slot), over: nodes, timeout: timeout)
        }
    }

    /// The same contract as `RedisClient.pipeline`.
    package nonisolated(nonsending) func pipeline(
        _ commands: [RedisCommand], timeout: Duration? = nil
    ) async throws(RedisClientError) -> [RESPValue] {
        switch way {
        case .link(let link): try await link.pipeline(commands, timeout: timeout)
        case .cluster(let cluster, let nodes, let slot):
            try await cluster.pipeline(commands, to: .slot(slot), over: nodes, timeout: timeout)
        }
    }
}
