import Testing

@testable import RedisClient

@Suite struct SubscriptionStateTests {
    private typealias Push = SubscriptionState.Push
    private var state = SubscriptionState()

    private mutating func confirm(_ channel: String) -> [Push]? {
        state.received(.array([.bytes(Array("subscribe".utf8)), .bytes(Array(channel.utf8)), .integer(1)]))?.pushes
    }

    private mutating func publish(_ text: String, to channel: String) -> [Push]? {
        state.received(.array(["message", channel, text].map { .bytes(Array($0.utf8)) }))?.pushes
    }

    private func message(_ text: String, from channel: String) -> RedisPush {
        .message(channel: channel, payload: Array(text.utf8))
    }

    @Test("A listener is told `subscribed` once all its channels are confirmed, and messages only after it")
    mutating func announced() {
        _ = state.connected()
        #expect(state.subscribe(1, to: ["b", "a"]).subscribe == ["a", "b"])
        #expect(confirm("a") == [])
        #expect(publish("early", to: "a") == [])
        #expect(confirm("b") == [Push(listener: 1, push: .subscribed)])
        #expect(publish("x", to: "a") == [Push(listener: 1, push: message("x", from: "a"))])
    }

    @Test("A second listener of a confirmed channel needs no new subscription")
    mutating func shared() {
        _ = state.connected()
        _ = state.subscribe(1, to: ["a"])
        _ = confirm("a")
        let actions = state.subscribe(2, to: ["a"])
        #expect(actions.subscribe.isEmpty)
        #expect(actions.pushes == [Push(listener: 2, push: .subscribed)])
        #expect(publish("x", to: "a")?.map(\.listener) == [1, 2])
    }

    @Test("A channel is left with its last listener")
    mutating func left() {
        _ = state.connected()
        _ = state.subscribe(1, to: ["a", "b"])
        _ = state.subscribe(2, to: ["a"])
        #expect(state.unsubscribe(1).unsubscribe == ["b"])
        #expect(state.unsubscribe(2).unsubscribe == ["a"])
        #expect(publish("late", to: "a") == [])
    }

    @Test("A channel left and joined again is confirmed by the second confirmation, not by the first")
    mutating func rejoined() {
        _ = state.connected()
        _ = state.subscribe(1, to: ["a"])
        _ = state.unsubscribe(1)
        _ = state.subscribe(2, to: ["a"])
        #expect(confirm("a") == [])
        #expect(confirm("a") == [Push(listener: 2, push: .subscribed)])
    }

    @Test("A lost connection is told once, and a new one subscribes to everything again")
    mutating func reconnected() {
        #expect(state.subscribe(1, to: ["a"]).subscribe.isEmpty)
        #expect(state.connected().subscribe == ["a"])
        _ = confirm("a")
        #expect(state.disconnected().pushes == [Push(listener: 1, push: .disconnected)])
        #expect(state.disconnected().pushes == [])
        #expect(state.connected().subscribe == ["a"])
        #expect(confirm("a") == [Push(listener: 1, push: .subscribed)])
    }

    @Test("Answers to probes are no messages, and a stray reply is a violation")
    mutating func others() {
        _ = state.connected()
        #expect(state.received(.status("PONG")) == SubscriptionState.Actions())
        #expect(state.received(.array([.bytes(Array("pong".utf8)), .bytes([])])) == SubscriptionState.Actions())
        #expect(state.received(.integer(1)) == nil)
        #expect(state.received(.array([.bytes(Array("what".utf8)), .null])) == nil)
    }
}
