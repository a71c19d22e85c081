/// Who listens to which channels, and what the server has confirmed of it.
///
/// No I/O: each event returns what to send and what to tell whom.
struct SubscriptionState {
    typealias Listener = Int

    /// What to do, in this order.
    struct Actions: Equatable {
        var subscribe: [String] = []
        var unsubscribe: [String] = []
        var pushes: [Push] = []
    }

    struct Push: Equatable {
        let listener: Listener
        let push: RedisPush
    }

    private struct Subscription {
        let channels: Set<String>
        /// The listener was told `subscribed` for the present connection.
        var isAnnounced = false
    }

    private var isConnected = false
    private var subscriptions: [Listener: Subscription] = [:]
    private var listeners: [String: Set<Listener>] = [:]
    /// How many `SUBSCRIBE`s of a channel are not confirmed yet. More than one when it was left and joined again.
    private var unconfirmed: [String: Int] = [:]

    mutating func subscribe(_ listener: Listener, to channels: [String]) -> Actions {
        var actions = Actions()
        subscriptions[listener] = Subscription(channels: Set(channels))
        for channel in Set(channels).sorted() {
            let isNew = listeners[channel] == nil
            listeners[channel, default: []].insert(listener)
            if isNew, isConnected { actions.subscribe.append(channel) }
        }
        sent(actions.subscribe)
        announce(to: [listener], &actions)
        return actions
    }

    mutating func unsubscribe(_ listener: Listener) -> Actions {
        var actions = Actions()
        guard let subscription = subscriptions.removeValue(forKey: listener) else { return actions }
        for channel in subscription.channels.sorted() {
            listeners[channel]?.remove(listener)
            guard listeners[channel]?.isEmpty == true else { continue }
            listeners[channel] = nil
            if isConnected { actions.unsubscribe.append(channel) }
        }
        return actions
    }

    mutating func connected() -> Actions {
        isConnected = true
        var actions = Actions()
        actions.subscribe = listeners.keys.sorted()
        sent(actions.subscribe)
        return actions
    }

    mutating func disconnected() -> Actions {
        isConnected = false
        unconfirmed = [:]
        var actions = Actions()
        for listener in subscriptions.keys.sorted() where subscriptions[listener]?.isAnnounced == true {
            subscriptions[listener]?.isAnnounced = false
            actions.pushes.append(Push(listener: listener, push: .disconnected))
        }
        return actions
    }

    /// Takes a message or a confirmation; nil for anything that a subscription connection never sends.
    mutating func received(_ value: RESPValue) -> Actions? {
        var actions = Actions()
        if case .status = value { return actions }  // The answer to a PING while nothing is subscribed.
        guard case .array(let elements) = value, elements.count >= 2, let kind = elements[0].string else { return nil }
        switch kind {
        case "message":
            guard elements.count == 3, let channel = elements[1].string, case .bytes(let payload) = elements[2] else {
                return nil
            }
            actions.pushes = (listeners[channel] ?? []).sorted()
                .filter { subscriptions[$0]?.isAnnounced == true }
                .map { Push(listener: $0, push: .message(channel: channel, payload: payload)) }
        case "subscribe":
            guard let channel = elements[1].string else { return nil }
            confirmed(channel)
            announce(to: (listeners[channel] ?? []).sorted(), &actions)
        case "unsubscribe", "pong":
            break
        default:
            return nil
        }
        return actions
    }

    private mutating func sent(_ channels: [String]) {
        for channel in channels { unconfirmed[channel, default: 0] += 1 }
    }

    private mutating func confirmed(_ channel: String) {
        guard let count = unconfirmed[channel] else { return }
        unconfirmed[channel] = count > 1 ? count - 1 : nil
    }

    /// Tells those of `candidates` that they are subscribed of whose channels none is left to confirm.
    private mutating func announce(to candidates: [Listener], _ actions: inout Actions) {
        guard isConnected else { return }
        for listener in candidates {
            guard let subscription = subscriptions[listener], !subscription.isAnnounced,
                subscription.channels.allSatisfy({ unconfirmed[$0] == nil })
            else { continue }
            subscriptions[listener]?.isAnnounced = true
            actions.pushes.append(Push(listener: listener, push: .subscribed))
        }
    }
}
