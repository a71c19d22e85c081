import Ticketing

/// Everything that decides a run: the scenario, and where it goes. Read from options and environment by the commands.
struct RunSettings: Sendable {
    var scenario: Scenario
    var target = Target.onsale
    var endpoints: [Endpoint]
    /// Who makes events and reads ledgers; nil where the target is not ours.
    var administrator: Administrator?
    /// An event to use again; nil makes a new one.
    var event: EventID?
    /// Other processes that send the measured load in the place of this one.
    var agents: [AgentAddress] = []
    var agentSecret = ""
    /// Access tokens, for targets whose accounts are not made here.
    var tokens: [String] = []
    /// Whether the scenario's timeout counts from the begin of the load and not from its last phase's end.
    var timeoutIncludesLoad = false
    /// Keys that are sent again after the load, and ended orders that are read again.
    var replayedKeys = 50
    var rereadOrders = 200
    /// Seconds that polls ask to be held: the most the service allows.
    var pollWait = 20

    struct Administrator: Sendable {
        var email: String
        var password: String
    }

    var timeout: Duration { .seconds(scenario.timeoutSeconds) }
    var restTimeout: Duration { .seconds(scenario.restSeconds) }
}

extension Duration {
    var nanoseconds: Instant {
        Instant(components.seconds) * 1_000_000_000 + Instant(components.attoseconds / 1_000_000_000)
    }
}
