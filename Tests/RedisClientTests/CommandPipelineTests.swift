import NIOCore
import Testing

@testable import RedisClient

/// The order of replies, deadlines and lost connections, without I/O and with the time in hand.
@Suite struct CommandPipelineTests {
    struct Request: PipelinedRequest, Equatable {
        var id: Int
        var commandCount = 1
        var deadline: NIODeadline = .uptimeNanoseconds(5_000)
        var scripts: Set<Int> = []
        var needsReplicas = false

        func isScript(at index: Int) -> Bool { scripts.contains(index) }
    }

    private static let noScript = RESPValue.error(RedisServerError(message: "NOSCRIPT No matching script."))
    private var pipeline = CommandPipeline<Request>(silenceLimit: .nanoseconds(1_000))

    private func time(_ nanoseconds: UInt64) -> NIODeadline { .uptimeNanoseconds(nanoseconds) }

    private mutating func connect() -> [Request] {
        let waiting = pipeline.connected() ?? []
        for request in waiting { pipeline.sent(request, now: time(0)) }
        return waiting
    }

    private mutating func send(_ request: Request, at now: UInt64 = 0) {
        #expect(pipeline.submit(request) == .send)
        pipeline.sent(request, now: time(now))
    }

    /// The request and the index that a reply goes to.
    private mutating func delivered(_ reply: RESPValue = .status("OK")) -> (id: Int, index: Int)? {
        guard case .deliver(let request, let index) = pipeline.received(reply) else { return nil }
        return (request.id, index)
    }

    @Test("Replies go to the requests in the order of sending, a pipeline's to each of its commands")
    mutating func order() {
        _ = connect()
        send(Request(id: 1))
        send(Request(id: 2, commandCount: 3))
        send(Request(id: 3))
        let got = (0..<5).map { _ in delivered() }
        #expect(got.map { $0?.id } == [1, 2, 2, 2, 3])
        #expect(got.map { $0?.index } == [0, 0, 1, 2, 0])
        guard case .unexpected = pipeline.received(.status("OK")) else {
            Issue.record("a sixth reply belongs to nobody")
            return
        }
    }

    @Test("What is submitted before a connection is there waits and goes first")
    mutating func waiting() {
        #expect(pipeline.submit(Request(id: 1)) == .wait)
        #expect(pipeline.submit(Request(id: 2)) == .wait)
        #expect(connect().map(\.id) == [1, 2])
        send(Request(id: 3))
        #expect([delivered()?.id, delivered()?.id, delivered()?.id] == [1, 2, 3])
    }

    @Test("A reply that comes after its deadline is still matched to its own request")
    mutating func overdue() {
        _ = connect()
        send(Request(id: 1, deadline: time(100)))
        send(Request(id: 2, deadline: time(900)))
        let expiry = pipeline.expire(now: time(200))
        #expect(expiry.unanswered.map(\.id) == [1])
        #expect(!expiry.isSilent)
        #expect(pipeline.expire(now: time(300)).unanswered.isEmpty, "no request times out twice")
        #expect([delivered()?.id, delivered()?.id] == [1, 2])
    }

    @Test("A request that never had a connection times out as unsent")
    mutating func unsent() {
        #expect(pipeline.submit(Request(id: 1, deadline: time(100))) == .wait)
        #expect(pipeline.submit(Request(id: 2, deadline: time(900))) == .wait)
        let expiry = pipeline.expire(now: time(100))
        #expect(expiry.unsent.map(\.id) == [1])
        #expect(expiry.unanswered.isEmpty)
        #expect(pipeline.nextExpiry == time(900))
    }

    @Test("Silence past a deadline and the limit is a dead connection; bytes or time left are not")
    mutating func silence() {
        _ = connect()
        send(Request(id: 1, deadline: time(100)))
        send(Request(id: 2, deadline: time(9_000)))
        #expect(!pipeline.expire(now: time(999)).isSilent)
        #expect(pipeline.nextExpiry == time(1_000), "the limit is looked at when it is reached")
        pipeline.bytesArrived(now: time(999))
        #expect(!pipeline.expire(now: time(1_998)).isSilent)
        #expect(pipeline.expire(now: time(1_999)).isSilent)
    }

    @Test("Silence before any deadline has passed is patience")
    mutating func patience() {
        _ = connect()
        send(Request(id: 1, deadline: time(50_000)))
        #expect(!pipeline.expire(now: time(49_999)).isSilent)
        #expect(pipeline.expire(now: time(50_000)).isSilent)
    }

    @Test("Idle time is not silence")
    mutating func idle() {
        _ = connect()
        send(Request(id: 1, deadline: time(100)))
        _ = delivered()
        send(Request(id: 2, deadline: time(80_100)), at: 80_000)
        #expect(!pipeline.expire(now: time(80_500)).isSilent)
        #expect(pipeline.expire(now: time(81_000)).isSilent)
    }

    @Test("A lost connection names what was sent and not fully answered; the next one starts empty")
    mutating func lost() {
        _ = connect()
        send(Request(id: 1))
        send(Request(id: 2, commandCount: 2))
        send(Request(id: 3))
        _ = delivered()
        _ = delivered()
        #expect(pipeline.disconnected().map(\.id) == [2, 3])
        #expect(pipeline.submit(Request(id: 4)) == .wait)
        #expect(connect().map(\.id) == [4])
        #expect(delivered()?.id == 4)
    }

    @Test("A script that the server forgot is sent again, and its reply takes its old place")
    mutating func reload() {
        _ = connect()
        send(Request(id: 1, commandCount: 3, scripts: [1]))
        send(Request(id: 2))
        #expect(delivered()?.index == 0)
        guard case .reload(let request, let index) = pipeline.received(Self.noScript) else {
            Issue.record("no reload")
            return
        }
        #expect((request.id, index) == (1, 1))
        pipeline.reloading(request, index: index, now: time(0))
        #expect(delivered()?.index == 2)
        #expect(delivered()?.id == 2)
        let reloaded = delivered()
        #expect(reloaded?.id == 1 && reloaded?.index == 1)
    }

    @Test("NOSCRIPT is delivered for a command that is no script, and after a reload")
    mutating func noReload() {
        _ = connect()
        send(Request(id: 1))
        #expect(delivered(Self.noScript)?.id == 1)
        let script = Request(id: 2, scripts: [0])
        send(script)
        _ = pipeline.received(Self.noScript)
        pipeline.reloading(script, index: 0, now: time(0))
        #expect(delivered(Self.noScript)?.id == 2)
    }

    @Test("Draining refuses new requests and ends with the last answer or deadline")
    mutating func draining() {
        _ = connect()
        send(Request(id: 1, deadline: time(100)))
        send(Request(id: 2, deadline: time(200)))
        #expect(pipeline.drain().isEmpty)
        #expect(pipeline.submit(Request(id: 3)) == .refuse)
        #expect(!pipeline.isDrained)
        _ = delivered()
        #expect(!pipeline.isDrained)
        _ = pipeline.expire(now: time(200))
        #expect(pipeline.isDrained)
        #expect(pipeline.disconnected().map(\.id) == [2])
        #expect(pipeline.connected() == nil)
    }

    @Test("Draining without a connection hands back what waits")
    mutating func drainingDisconnected() {
        _ = pipeline.submit(Request(id: 1))
        #expect(pipeline.drain().map(\.id) == [1])
        #expect(pipeline.isDrained)
        #expect(pipeline.connected() == nil)
    }
}

/// Commands whose effects replicas have to confirm.
@Suite struct ReplicaConfirmationTests {
    typealias Request = CommandPipelineTests.Request

    private var pipeline = CommandPipeline<Request>(silenceLimit: .nanoseconds(1_000), confirms: true)

    private mutating func send(_ request: Request) {
        #expect(pipeline.submit(request) == .send)
        pipeline.sent(request, now: .uptimeNanoseconds(0))
    }

    private mutating func delivered() -> Int? {
        guard case .deliver(let request, _) = pipeline.received(.status("OK")) else { return nil }
        return request.id
    }

    @Test("One question behind a flush covers it all; what comes meanwhile waits and goes with the answer")
    mutating func oneQuestion() {
        _ = pipeline.connected()
        send(Request(id: 1, needsReplicas: true))
        send(Request(id: 2))
        send(Request(id: 3, needsReplicas: true))
        #expect(pipeline.needsConfirmation)
        pipeline.askedReplicas(now: .uptimeNanoseconds(0))
        #expect(!pipeline.needsConfirmation)
        #expect(pipeline.submit(Request(id: 4)) == .wait)
        #expect(pipeline.submit(Request(id: 5, needsReplicas: true)) == .wait)
        #expect([delivered(), delivered(), delivered()] == [1, 2, 3])
        #expect(pipeline.holdsBack(Request(id: 1, needsReplicas: true)))
        #expect(!pipeline.holdsBack(Request(id: 2)))
        guard case .confirmed(let waiting) = pipeline.received(.integer(1)) else {
            Issue.record("the replicas' answer is nobody's reply")
            return
        }
        #expect(waiting.map(\.id) == [4, 5])
        #expect(pipeline.submit(Request(id: 6)) == .send)
    }

    @Test("What needs no replicas asks none, nor does a client that wants none")
    mutating func noQuestion() {
        _ = pipeline.connected()
        send(Request(id: 1))
        #expect(!pipeline.needsConfirmation)
        var indifferent = CommandPipeline<Request>(silenceLimit: .nanoseconds(1_000))
        _ = indifferent.connected()
        indifferent.sent(Request(id: 1, needsReplicas: true), now: .uptimeNanoseconds(0))
        #expect(!indifferent.needsConfirmation)
        #expect(!indifferent.holdsBack(Request(id: 1, needsReplicas: true)))
    }

    @Test("A script that is sent again with its source is asked about again")
    mutating func reloaded() {
        _ = pipeline.connected()
        let script = Request(id: 1, scripts: [0], needsReplicas: true)
        send(script)
        pipeline.askedReplicas(now: .uptimeNanoseconds(0))
        _ = pipeline.received(.error(RedisServerError(message: "NOSCRIPT No matching script.")))
        pipeline.reloading(script, index: 0, now: .uptimeNanoseconds(0))
        #expect(pipeline.needsConfirmation)
        pipeline.askedReplicas(now: .uptimeNanoseconds(0))
        #expect(pipeline.submit(Request(id: 2)) == .wait)
        guard case .confirmed(let early) = pipeline.received(.integer(1)), early.isEmpty else {
            Issue.record("the second answer is still to come")
            return
        }
        #expect(delivered() == 1)
        guard case .confirmed(let waiting) = pipeline.received(.integer(1)) else {
            Issue.record("no second answer")
            return
        }
        #expect(waiting.map(\.id) == [2])
    }

    @Test("Replicas that never answer are noticed at the earliest deadline of what waits for them")
    mutating func overdue() {
        _ = pipeline.connected()
        send(Request(id: 1, deadline: .uptimeNanoseconds(900), needsReplicas: true))
        send(Request(id: 2, deadline: .uptimeNanoseconds(100), needsReplicas: true))
        pipeline.askedReplicas(now: .uptimeNanoseconds(0))
        #expect([delivered(), delivered()] == [1, 2])
        #expect(!pipeline.expire(now: .uptimeNanoseconds(99)).isUnconfirmed)
        #expect(pipeline.expire(now: .uptimeNanoseconds(100)).isUnconfirmed)
        #expect(pipeline.submit(Request(id: 3, deadline: .uptimeNanoseconds(200))) == .wait)
        #expect(pipeline.expire(now: .uptimeNanoseconds(200)).unsent.map(\.id) == [3])
    }

    @Test("With the connection the questions go as well")
    mutating func lost() {
        _ = pipeline.connected()
        send(Request(id: 1, needsReplicas: true))
        pipeline.askedReplicas(now: .uptimeNanoseconds(0))
        #expect(pipeline.submit(Request(id: 2)) == .wait)
        #expect(pipeline.disconnected().map(\.id) == [1])
        #expect(pipeline.connected()?.map(\.id) == [2])
        send(Request(id: 3))
    }
}
