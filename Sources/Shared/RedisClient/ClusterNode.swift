/// The links to one node of a cluster, from when it is first needed until it has left.
final class ClusterNode: Sendable {
    let links: [RedisLink]
    private let (departure, departing) = AsyncStream.makeStream(of: Void.self)

    init(links: [RedisLink]) {
        self.links = links
    }

    var isConnected: Bool { links.allSatisfy(\.isConnected) }

    /// Keeps the links up until the node has left and what was sent to it is answered, or until cancellation.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for link in links { group.addTask { await link.run() } }
            for await _ in departure {}
            await drain()
            group.cancelAll()
        }
    }

    func drain() async {
        for link in links { await link.drain() }
    }

    /// No more commands go here: what is sent is still answered, what is not yet sent fails as never sent.
    func leave() {
        departing.finish()
    }
}
