import Foundation
@testable import InventoryWorker
import Logging
import Mail
import OrderRepository
import ServiceLifecycle
import Synchronization
import Testing
import Ticketing

struct MailDispatcherTests {
    /// Mails in memory, and what became of them.
    private final class Mails: MailRepository {
        struct State {
            var waiting: [WaitingMail]
            var results: [Int64: MailResult.Outcome] = [:]
            var claims = 0
        }

        let state: Mutex<State>

        init(_ waiting: [WaitingMail]) { state = Mutex(State(waiting: waiting)) }

        func claimMails(limit: Int, hidden: Duration) async throws(RepositoryError) -> [WaitingMail] {
            state.withLock { state in
                state.claims += 1
                defer { state.waiting.removeFirst(min(limit, state.waiting.count)) }
                return Array(state.waiting.prefix(limit))
            }
        }

        func record(_ results: [MailResult]) async throws(RepositoryError) {
            state.withLock { state in
                for result in results { state.results[result.mail.id] = result.outcome }
            }
        }

        func forgetMails(olderThan age: Duration) async throws(RepositoryError) -> Int { 0 }

        func mailDepth() async throws(RepositoryError) -> OutboxDepth {
            OutboxDepth(waiting: 0, oldest: .zero, dead: 0)
        }
    }

    private let mailer = InMemoryMailer()
    private let limits = MailLimits(rate: 1_000, connections: 4, timeout: .seconds(30))

    private func dispatcher(
        _ mails: Mails, _ limits: MailLimits? = nil, time: TimeAndChance = .machine
    ) throws -> MailDispatcher<Mails, InMemoryMailer> {
        MailDispatcher(
            repository: mails, mailer: mailer, writer: try LetterWriter(publicURL: "https://tickets.example"),
            from: try #require(Mailbox("Onsale <tickets@example.org>")), limits: limits ?? self.limits,
            logger: Sale.silent, time: time)
    }

    private func dispatch(_ waiting: WaitingMail...) async throws -> [Int64: MailResult.Outcome] {
        let mails = Mails(waiting)
        #expect(try await dispatcher(mails).dispatch() == waiting.count)
        return mails.state.withLock(\.results)
    }

    @Test func `A mail goes to the account's address, in the words of its kind`() async throws {
        let results = try await dispatch(.sample(1, .orderConfirmed, name: "Ada"))
        #expect(results == [1: .sent])
        let message = try #require(mailer.sent.first)
        #expect(message.to == Mailbox(EmailAddress("buyer1@example.com")!, name: "Ada"))
        #expect(message.from.address == "tickets@example.org")
        #expect(message.subject == "Your tickets for Concert")
        #expect(message.text.contains("Hello Ada,") && message.html.contains("Hello Ada,"))
    }

    @Test func `The message id is the same in each attempt, and another for another mail`() async throws {
        var mail = WaitingMail.sample(1, .orderConfirmed)
        _ = try await dispatch(mail, .sample(2, .orderConfirmed))
        mail.attempts = 7
        _ = try await dispatch(mail)
        let ids = Dictionary(grouping: mailer.sent, by: \.id).mapValues(\.count)
        #expect(ids == ["mail.1.1700000000123456": 2, "mail.2.1700000000123456": 1])
    }

    @Test func `Failures are tried again after growing pauses, and the last one is the end`() async throws {
        mailer.fail { _ in MailError(.deferred, "451 later") }
        var pauses: [Duration] = []
        for attempt in [1, 2, 6, 20, limits.attempts - 1] {
            var mail = WaitingMail.sample(1, .orderConfirmed)
            mail.attempts = attempt
            guard case .failed("deferred", "451 later", let pause?) = try await dispatch(mail)[1] else {
                Issue.record("attempt \(attempt) was the last")
                return
            }
            let whole = min(.seconds(5) * (1 << min(attempt - 1, 20)), .seconds(3_600))
            #expect(pause >= whole / 2 && pause <= whole)
            pauses.append(pause)
        }
        #expect(pauses[0] < pauses[3])
        var mail = WaitingMail.sample(1, .orderConfirmed)
        mail.attempts = limits.attempts
        #expect(try await dispatch(mail) == [1: .failed(code: "deferred", failure: "451 later", pause: nil)])
    }

    @Test func `A refusal is the end at once, and holds up nobody else`() async throws {
        mailer.fail { $0.to.address == "buyer1@example.com" ? MailError(.refused, "550 unknown") : nil }
        let results = try await dispatch(.sample(1, .orderConfirmed), .sample(2, .orderConfirmed))
        #expect(results == [1: .failed(code: "refused", failure: "550 unknown", pause: nil), 2: .sent])
    }

    @Test func `An attempt that was cut short is not the last`() async throws {
        mailer.fail { _ in MailError(.cancelled, "stopped") }
        var mail = WaitingMail.sample(1, .orderConfirmed)
        mail.attempts = limits.attempts
        guard case .failed(_, _, .some) = try await dispatch(mail)[1] else {
            Issue.record("it was given up on")
            return
        }
    }

    @Test func `An address that mail cannot be written to is a refusal, not an injection`() async throws {
        var mail = WaitingMail.sample(1, .orderConfirmed)
        mail.recipient?.email = "a>b@example.com"
        guard case .failed("refused", _, nil) = try await dispatch(mail)[1] else {
            Issue.record("it was not refused")
            return
        }
        #expect(mailer.sent.isEmpty)
    }

    @Test(arguments: [
        (MailKind.orderConfirmed, OrderStatus.refunded), (.orderConfirmed, .cancelled), (.orderCancelled, .refunded),
        (.orderCancelled, .confirmed), (.orderRefunded, .pending),
    ])
    func `What is no longer so is not told`(_ kind: MailKind, _ status: OrderStatus) async throws {
        guard case .skipped("overtaken", _) = try await dispatch(.sample(1, kind, status: status))[1] else {
            Issue.record("it was told")
            return
        }
        #expect(mailer.sent.isEmpty)
    }

    @Test func `Nobody is written to whose account is gone`() async throws {
        var gone = WaitingMail.sample(1, .orderConfirmed)
        gone.recipient = nil
        let erased = WaitingMail.sample(2, .orderConfirmed, email: "1b4e28ba@deleted.invalid")
        for outcome in try await dispatch(gone, erased).values {
            #expect(outcome == .skipped(code: "no_recipient", reason: "the account is gone"))
        }
        #expect(mailer.sent.isEmpty)
    }

    @Test func `A password reset has its token, unless that is old or gone`() async throws {
        var fresh = WaitingMail.sample(1, .passwordReset)
        fresh.token = "aB3_-x"
        var old = fresh
        old.id = 2
        old.age = .seconds(3_601)
        let results = try await dispatch(fresh, old, .sample(3, .passwordReset))
        #expect(results[1] == .sent)
        for id in [2, 3] as [Int64] {
            guard case .skipped("overtaken", _) = results[id] else {
                Issue.record("mail \(id) was sent")
                return
            }
        }
        #expect(mailer.sent.map { $0.text.contains("#token=aB3_-x") } == [true])
    }

    @Test func `A refund tells this refund's amount, or all refunds', or the order's`() async throws {
        var one = WaitingMail.sample(1, .orderRefunded, status: .confirmed, refunded: 5_000)
        one.amount = 1_234
        _ = try await dispatch(one)
        _ = try await dispatch(.sample(2, .orderRefunded, status: .refunded, refunded: 5_000))
        _ = try await dispatch(.sample(3, .orderRefunded, status: .refunded))
        #expect(zip(mailer.sent, ["EUR 12.34", "EUR 50.00", "EUR 90.00"]).allSatisfy { $0.text.contains($1) })
    }

    @Test func `An order of a cancelled event is told of as cancelled, whatever has become of its money`() async throws
    {
        var mail = WaitingMail.sample(1, .orderCancelled, status: .refunded)
        guard case .skipped = try await dispatch(mail)[1] else {
            Issue.record("an order that was given back for another reason is told of as cancelled")
            return
        }
        mail.order?.reason = .eventCancelled
        for total: Int64 in [0, 9_000] {
            mail.order?.total = try #require(Money(amount: total, currency: .eur))
            #expect(try await dispatch(mail) == [1: .sent])
        }
        #expect(mailer.sent.allSatisfy { $0.text.contains(CancellationReason.eventCancelled.message) })
    }

    @Test func `Whoever has a ticket that is void is told which, however its order stands`() async throws {
        var mail = WaitingMail.sample(1, .ticketVoid, status: .confirmed)
        mail.ticket = TicketCode("0123456789ABCDEFGHJKMNPQRS")
        #expect(try await dispatch(mail) == [1: .sent])
        #expect(mailer.sent.first?.text.contains("0123456789ABCDEFGHJKMNPQRS") == true)
    }

    @Test func `Cancelled orders tell their reason, received tickets their code`() async throws {
        var received = WaitingMail.sample(2, .ticketReceived, status: .confirmed)
        received.ticket = TicketCode("0123456789ABCDEFGHJKMNPQRS")
        let results = try await dispatch(
            .sample(1, .orderCancelled, status: .cancelled), received, .sample(3, .ticketReceived, status: .confirmed))
        #expect(results[1] == .sent && results[2] == .sent)
        guard case .skipped = results[3] else {
            Issue.record("a ticket without a code was told of")
            return
        }
        let texts = mailer.sent.map(\.text).joined()
        #expect(texts.contains(CancellationReason.paymentDeclined.message))
        #expect(texts.contains("0123456789ABCDEFGHJKMNPQRS"))
    }

    /// A dispatcher that is behind for an hour must still show so: the clock moves a minute with each look at it.
    @Test func `How much waits is shown while there is more than can be sent`() async throws {
        let clock = Mutex(ContinuousClock.now)
        let machine = TimeAndChance.machine
        let time = TimeAndChance(
            now: {
                clock.withLock { now in
                    now += .seconds(60); return now
                }
            }, calendar: machine.calendar,
            sleep: machine.sleep, pause: machine.pause, random: { machine.next() })
        let steps = Mutex<[String]>([])
        let loop = DispatchLoop(
            time: time, logger: Logger(label: "test"), retryMessage: "retry", interval: .zero, batch: 16)
        try await loop.run(
            sleep: { _ in throw CancellationError() },
            dispatch: {
                steps.withLock { steps in
                    steps.append("dispatch")
                    return steps.count { $0 == "dispatch" } < 3 ? 16 : 0
                }
            }, look: { steps.withLock { $0.append("look") } })
        #expect(steps.withLock(\.self) == ["dispatch", "look", "dispatch", "look", "dispatch", "look"])
    }

    /// 40 mails at 1,000 a second in batches of 16: 16 ms for each full batch, by the dispatcher's own clock.
    @Test func `Mails go no faster than the rate`() async throws {
        let pauses = Mutex<[Duration]>([])
        let start = ContinuousClock.now
        let machine = TimeAndChance.machine
        let time = TimeAndChance(
            now: { start }, calendar: machine.calendar, sleep: machine.sleep,
            pause: { duration in pauses.withLock { $0.append(duration) } }, random: { machine.next() })
        let mails = Mails((1...40).map { .sample(Int64($0), .orderConfirmed) })
        let dispatcher = try dispatcher(mails, time: time)
        for expected in [16, 16, 8] { #expect(try await dispatcher.dispatch() == expected) }
        #expect(pauses.withLock(\.self) == [.milliseconds(16), .milliseconds(16)])
    }
}

extension WaitingMail {
    /// An order of two tickets for EUR 90.00.
    fileprivate static func sample(
        _ id: Int64, _ kind: MailKind, status: OrderStatus = .confirmed, refunded: Int64 = 0, name: String? = nil,
        email: String? = nil
    ) -> WaitingMail {
        WaitingMail(
            id: id, kind: kind, attempts: 1, createdAt: Date(timeIntervalSince1970: 1_700_000_000.123456),
            age: .seconds(1), recipient: .init(email: email ?? "buyer\(id)@example.com", name: name),
            order: MailedOrder(
                id: Intent.number(Int(id)).order, status: status, reason: status == .cancelled ? .paymentDeclined : nil,
                quantity: 2, total: Money(amount: 9_000, currency: .eur)!,
                refunded: Money(amount: refunded, currency: .eur)!, event: "Concert", venue: "Hall",
                date: Date(timeIntervalSince1970: 1_900_000_000), tickets: []))
    }
}
