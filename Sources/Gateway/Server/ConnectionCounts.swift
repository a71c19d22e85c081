import NIOCore
import Synchronization

/// Counts connections by where they come from, so that one client cannot hold all that the gateway may have.
final class ConnectionCounts: Sendable {
    private let limit: Int
    private let proxies: TrustedProxies
    /// Of networks with at least one connection.
    private let counts = Mutex<[ClientAddress: Int]>([:])

    /// - Parameter proxies: May have any number: they bring everybody's requests.
    init(limit: Int, proxies: TrustedProxies) {
        self.limit = limit
        self.proxies = proxies
    }

    /// Counts a connection until it is closed.
    /// - Returns: Whether its network has no more than it may with it; a connection that is not admitted is not counted.
    func admit(_ channel: any Channel) -> Bool {
        guard let address = ClientAddress(channel.remoteAddress), !proxies.trusts(address) else { return true }
        let network = address.network
        let isAdmitted = counts.withLock { counts in
            guard counts[network, default: 0] < limit else { return false }
            counts[network, default: 0] += 1
            return true
        }
        if isAdmitted { channel.closeFuture.whenComplete { _ in self.leave(network) } }
        return isAdmitted
    }

    private func leave(_ network: ClientAddress) {
        counts.withLock { counts in
            guard let count = counts[network], count > 1 else {
                counts[network] = nil
                return
            }
            counts[network] = count - 1
        }
    }
}
