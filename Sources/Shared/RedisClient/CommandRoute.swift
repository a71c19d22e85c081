/// The way of one command through a cluster: where it goes next after each refusal.
///
/// It is only ever sent again after an answer which says that it did not run. No I/O, no clock.
struct CommandRoute {
    enum Hop: Equatable {
        /// To whom the slot map names; for a command without a key, to any primary.
        case byMap
        /// To this node, whatever the map says; `asking` goes right before it.
        case to(RedisAddress, asking: Bool)
        /// As `byMap`, after a pause in which the map is read anew.
        case later(Duration)
    }

    /// How many redirections may follow each other. A command needs one for a slot that has moved and two for one that
    /// is moving; more than a few mean that the nodes contradict each other.
    static let redirectionLimit = 8
    /// The pauses while a slot is moving or unserved. A slot's hand-over takes milliseconds, a fail-over seconds.
    private static let shortestPause = Duration.milliseconds(10)
    private static let longestPause = Duration.milliseconds(250)

    private var redirections = 0
    private var backoff = Backoff(minimum: shortestPause, maximum: longestPause)

    /// The next hop after `refusal`, or nil when the command was redirected too often.
    mutating func hop(after refusal: ClusterRefusal, using generator: inout some RandomNumberGenerator) -> Hop? {
        switch refusal {
        case .moved(_, let address): redirected(to: address, asking: false)
        case .ask(let address): redirected(to: address, asking: true)
        case .tryAgain, .clusterDown, .readOnly: pause(using: &generator)
        }
    }

    /// The next hop when the node left the cluster before the command was sent to it, or no node serves the slot.
    mutating func pause(using generator: inout some RandomNumberGenerator) -> Hop {
        redirections = 0
        return .later(backoff.next(using: &generator))
    }

    private mutating func redirected(to address: RedisAddress, asking: Bool) -> Hop? {
        redirections += 1
        return redirections > Self.redirectionLimit ? nil : .to(address, asking: asking)
    }
}
