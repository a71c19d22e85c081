import Foundation
import HTTPTypes
import OrderRepository
import RateLimiting
import Security
import Testing
import Ticketing

@testable import Gateway

@Suite struct TicketTests {
    // MARK: - Reading

    @Test func aTicketIsShownToItsHolderWithItsEventAndItsPlaceInTheOrder() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket(number: 2, count: 3)
        let answer = try await harness.send(.get, "/api/tickets/\(ticket.code)", token: harness.token(ticket.holder.id))
        #expect(answer.status == 200)
        #expect(answer.headers[.cacheControl] == "private, no-cache")
        #expect(answer.string("code") == ticket.code.text)
        #expect(answer.string("status") == "valid")
        #expect(answer.string("orderId") == ticket.order.description)
        #expect(answer.int("number") == 2)
        #expect(answer.int("count") == 3)
        let event = try #require(answer.json["event"] as? [String: String])
        #expect(
            event == [
                "id": ticket.event.id.description, "title": "Concert", "venue": "Hall",
                "eventDate": "2030-03-17T17:46:40.000Z",
            ])
        let holder = try #require(answer.json["holder"] as? [String: String])
        #expect(holder == ["id": ticket.holder.id.description, "name": "Ada", "email": ticket.holder.email ?? ""])
        #expect((answer.json["custody"] as? [Any])?.isEmpty == true)
        #expect(answer.json["usedAt"] == nil)
        // However a scanner writes it.
        let lower = try await harness.send(
            .get, "/api/tickets/\(ticket.code.text.lowercased())", token: harness.token(ticket.holder.id))
        #expect(lower.string("code") == ticket.code.text)
    }

    @Test func nobodyElseSeesATicketButAnAdministrator() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket()
        for path in ["", "/print", "/qr.svg", "/qr.png"].map({ "/api/tickets/\(ticket.code)\($0)" }) {
            try await harness.send(.get, path).expectProblem(.unauthenticated)
            try await harness.send(.get, path, token: harness.token()).expectProblem(.ticketNotFound)
            #expect(try await harness.send(.get, path, token: harness.token(role: .admin)).status == 200)
        }
        for code in ["x", TicketCode.random().text] {
            try await harness.send(.get, "/api/tickets/\(code)", token: harness.token(role: .admin))
                .expectProblem(.ticketNotFound)
        }
    }

    @Test func theListHasWhatOneHasNowNewestFirstInPages() async throws {
        let harness = try await GatewayHarness()
        let holder = UserID()
        let tickets = (0..<5).map { harness.ticket(of: holder, issued: Double($0 / 2)) }
        _ = harness.ticket(of: holder, status: .transferred)
        _ = harness.ticket()
        var path = "/api/tickets?limit=2"
        var seen: [String] = []
        for size in [2, 2, 1] {
            let page = try await harness.send(.get, path, token: harness.token(holder))
            let items = try #require(page.json["items"] as? [[String: Any]])
            #expect(items.count == size)
            #expect(items.allSatisfy { $0["custody"] == nil && $0["status"] as? String == "valid" })
            seen += items.compactMap { $0["code"] as? String }
            let cursor = page.string("nextCursor") ?? ""
            #expect(seen.allSatisfy { !cursor.contains($0) }, "an address must not give a code away")
            path = "/api/tickets?limit=2&cursor=\(cursor)"
        }
        #expect(path.hasSuffix("cursor="))
        #expect(Set(seen) == Set(tickets.map(\.code.text)))
        #expect(seen.first == tickets[4].code.text)
        try await harness.send(.get, "/api/tickets?limit=0", token: harness.token()).expectProblem(.validationFailed)
    }

    // MARK: - Images and paper

    @Test func theImagesAreOfTheSizeThatWasAskedFor() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket()
        let token = try harness.token(ticket.holder.id)
        let svg = try await harness.send(.get, "/api/tickets/\(ticket.code)/qr.svg?size=200", token: token)
        #expect(svg.headers[.contentType] == "image/svg+xml")
        #expect(svg.headers[.cacheControl] == "private, no-store")
        #expect(svg.text.contains("width=\"200\" height=\"200\""))
        for (query, size) in [("", 330), ("?size=100", 100), ("?size=1600", 1_600)] {
            let png = try await harness.send(.get, "/api/tickets/\(ticket.code)/qr.png\(query)", token: token)
            #expect(png.headers[.contentType] == "image/png")
            #expect(png.bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]))
            #expect(Int(png.bytes[18]) << 8 | Int(png.bytes[19]) == size)
        }
        for size in ["99", "1601", "-1", "x", "1e3", "99999999999999999999", ""] {
            for kind in ["svg", "png"] {
                let answer = try await harness.send(
                    .get, "/api/tickets/\(ticket.code)/qr.\(kind)?size=\(size)", token: token)
                answer.expectProblem(.validationFailed)
                #expect(answer.fields == ["size"])
            }
        }
    }

    @Test(
        arguments: [
            (.used, nil), (.cancelled, .ticketCancelled), (.transferred, .ticketTransferred),
        ] as [(TicketStatus, ProblemCode?)])
    func aTicketThatAdmitsNobodyIsNoImageAndSaysSoOnPaper(status: TicketStatus, problem: ProblemCode?) async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket(status: status)
        let token = try harness.token(ticket.holder.id)
        let image = try await harness.send(.get, "/api/tickets/\(ticket.code)/qr.svg", token: token)
        if let problem { image.expectProblem(problem) } else { #expect(image.status == 200) }
        let page = try await harness.send(.get, "/api/tickets/\(ticket.code)/print", token: token)
        #expect(page.status == 200)
        #expect(!page.text.contains("<svg"))
        #expect(!page.text.contains(ticket.code.text.prefix(4)))
        #expect(page.text.contains("class=\"void\""))
    }

    @Test func anOrdersPageHasItsTicketsForItsBuyer() async throws {
        let harness = try await GatewayHarness()
        let buyer = UserID()
        let order = OrderID.random()
        for number in 1...3 { _ = harness.ticket(of: buyer, order: order, number: number, count: 3) }
        let path = "/api/orders/\(order)/tickets/print"
        let page = try await harness.send(.get, path, token: harness.token(buyer))
        #expect(page.status == 200)
        #expect(page.headers[.contentType] == "text/html; charset=utf-8")
        #expect(page.headers[.contentSecurityPolicy] == "default-src 'none'; style-src 'unsafe-inline'")
        #expect(page.text.components(separatedBy: "<svg").count == 4)
        #expect(page.text.contains("Ticket 3 of 3, for Ada"))
        #expect(page.text.contains("17 March 2030, 17:46 UTC"))
        try await harness.send(.get, path).expectProblem(.unauthenticated)
        try await harness.send(.get, path, token: harness.token()).expectProblem(.orderNotFound)
        #expect(try await harness.send(.get, path, token: harness.token(role: .admin)).status == 200)
        for id in ["x", OrderID.random().description] {
            try await harness.send(.get, "/api/orders/\(id)/tickets/print", token: harness.token(role: .admin))
                .expectProblem(.orderNotFound)
        }
    }

    // MARK: - The gate

    @Test func theFirstScanIsAdmittedAndTheSameScanAgainAndNoOther() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket(number: 2, count: 3)
        let gate = try harness.token(role: .admin)
        let (code, event) = (ticket.code.text, ticket.event.id)
        let first = try await harness.scan(code, at: event, nonce: "first-scan-0000001", token: gate)
        #expect(first.status == 200)
        #expect(first.string("result") == "admitted")
        #expect(first.string("holderName") == "Ada")
        #expect(first.int("ticketNumber") == 2)
        #expect(first.int("ticketCount") == 3)
        #expect(first.string("gate") == "North")
        let usedAt = try #require(first.string("usedAt"))
        let again = try await harness.scan(code, at: event, nonce: "first-scan-0000001", token: gate)
        #expect(again.text == first.text)
        let other = try await harness.scan(code, at: event, nonce: "other-scan-0000002", token: gate)
        #expect(other.string("result") == "already_used")
        #expect(other.string("usedAt") == usedAt)
        // Two gates that chose the same nonce are not one.
        let twin = try await harness.scan(
            code, at: event, nonce: "first-scan-0000001", token: harness.token(role: .admin))
        #expect(twin.string("result") == "already_used")
        let shown = try await harness.send(.get, "/api/tickets/\(ticket.code)", token: harness.token(ticket.holder.id))
        #expect(shown.string("status") == "used")
        #expect(shown.string("usedAt") == usedAt)
    }

    @Test func aGateIsToldWhyNot() async throws {
        let harness = try await GatewayHarness()
        let gate = try harness.token(role: .admin)
        let ticket = harness.ticket()
        let elsewhere = try await harness.scan(ticket.code.text, at: EventID(), token: gate)
        #expect(elsewhere.string("result") == "wrong_event")
        for (status, result) in [(TicketStatus.cancelled, "cancelled"), (.transferred, "transferred")] {
            let ticket = harness.ticket(status: status)
            let answer = try await harness.scan(ticket.code.text, at: ticket.event.id, token: gate)
            #expect(answer.status == 200)
            #expect(answer.string("result") == result)
        }
        // What a camera finds on a drink can.
        for code in [TicketCode.random().text, "4006381333931", "https%3A%2F%2Fexample.org%2F"] {
            let answer = try await harness.scan(code, at: ticket.event.id, token: gate)
            #expect(answer.status == 200)
            #expect(answer.json as? [String: String] == ["result": "unknown"])
        }
        let admitted = try await harness.scan(ticket.code.text, at: ticket.event.id, token: gate)
        #expect(admitted.string("result") == "admitted", "none of this has used it")
    }

    @Test(arguments: [
        ("{}", ["eventId", "nonce"]), (#"{"eventId":"x","nonce":"short"}"#, ["eventId", "nonce"]),
        (
            #"{"eventId":"3f2504e0-4f89-41d3-9a0c-0305e82c3301","nonce":"with a blank in it","gate":""}"#,
            ["nonce", "gate"]
        ),
        (#"{"eventId":"3f2504e0-4f89-41d3-9a0c-0305e82c3301","nonce":"0123456789abcdef","gate":"\u0000"}"#, ["gate"]),
        (#"{"eventId":1,"nonce":"0123456789abcdef"}"#, ["eventId"]),
    ])
    func aScanThatIsNotWellFormedIsRefused(body: String, fields: [String]) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(
            .post, "/api/tickets/\(harness.ticket().code)/redeem", token: harness.token(role: .admin), body: body)
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == fields)
    }

    @Test func onlyAnAdministratorIsAGate() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket()
        try await harness.scan(ticket.code.text, at: ticket.event.id, token: harness.token(ticket.holder.id))
            .expectProblem(.forbidden)
        #expect(try await harness.tickets.ticket(ticket.code)?.status == .valid)
    }

    // MARK: - Changing hands

    @Test func aTicketThatIsHandedOnIsIssuedAnewAndItsOldCodeIsVoid() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket(number: 2, count: 3)
        let giver = try harness.token(ticket.holder.id)
        let friend = harness.account("Grace")
        let given = try await harness.give(ticket.code, to: friend.email?.uppercased() ?? "", token: giver)
        #expect(given.status == 200)
        #expect(given.string("code") == ticket.code.text)
        #expect(given.string("status") == "transferred")
        let list = try await harness.send(.get, "/api/tickets", token: harness.token(friend.id))
        let item = try #require((list.json["items"] as? [[String: Any]])?.first)
        let code = try #require(item["code"] as? String)
        #expect(code != ticket.code.text)
        #expect(!given.text.contains(code), "the giver must not learn the new code")
        #expect(item["number"] as? Int == 2)
        #expect(item["orderId"] as? String == ticket.order.description)
        #expect((try await harness.send(.get, "/api/tickets", token: giver).json["items"] as? [Any])?.isEmpty == true)
        try await harness.send(.get, "/api/tickets/\(code)", token: giver).expectProblem(.ticketNotFound)
        try await harness.send(.get, "/api/tickets/\(ticket.code)", token: harness.token(friend.id))
            .expectProblem(.ticketNotFound)

        let gate = try harness.token(role: .admin)
        let old = try await harness.scan(ticket.code.text, at: ticket.event.id, token: gate)
        #expect(old.string("result") == "transferred")
        let new = try await harness.scan(code, at: ticket.event.id, token: gate)
        #expect(new.string("result") == "admitted")
        #expect(new.string("holderName") == "Grace")
        #expect(new.int("ticketNumber") == 2)
    }

    @Test func theChainTellsEachHolderOfTheirOwnHandoversAndAnAdministratorOfAll() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket()
        let (first, second, third) = (ticket.holder, harness.account("Grace"), harness.account("Alan"))
        _ = try await harness.give(ticket.code, to: second.email ?? "", token: harness.token(first.id))
        let middle = try await harness.onlyTicket(of: second.id)
        _ = try await harness.give(middle, to: third.email ?? "", token: harness.token(second.id))
        let last = try await harness.onlyTicket(of: third.id)

        func emails(_ code: TicketCode, _ user: UserID, _ role: Role = .user) async throws -> [[String?]] {
            let answer = try await harness.send(.get, "/api/tickets/\(code)", token: harness.token(user, role: role))
            return (answer.json["custody"] as? [[String: Any]] ?? []).map { handover in
                ["from", "to"].map { (handover[$0] as? [String: String])?["email"] }
            }
        }
        #expect(try await emails(last, third.id) == [[nil, nil], [second.email, third.email]])
        #expect(try await emails(middle, second.id) == [[first.email, second.email], [second.email, third.email]])
        #expect(try await emails(ticket.code, first.id) == [[first.email, second.email]], "and nothing after it")
        #expect(
            try await emails(last, UserID(), .admin) == [[first.email, second.email], [second.email, third.email]])
        let answer = try await harness.send(.get, "/api/tickets/\(ticket.code)", token: harness.token(first.id))
        #expect(!answer.text.contains("Grace"), "nobody learns a name by an address")
    }

    @Test func aTransferSentAgainChangesNothingAndAnotherOneIsTooLate() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket()
        let giver = try harness.token(ticket.holder.id)
        let friend = harness.account("Grace")
        let first = try await harness.give(ticket.code, to: friend.email ?? "", token: giver)
        let again = try await harness.give(ticket.code, to: friend.email ?? "", token: giver)
        #expect(again.status == 200)
        #expect(again.text == first.text)
        _ = try await harness.onlyTicket(of: friend.id)
        try await harness.give(ticket.code, to: harness.account("Alan").email ?? "", token: giver)
            .expectProblem(.ticketTransferred)
    }

    @Test func whatCannotBeHandedOnIsRefused() async throws {
        let harness = try await GatewayHarness()
        let friend = harness.account("Grace").email ?? ""
        for (status, problem) in [
            (TicketStatus.used, ProblemCode.ticketUsed), (.cancelled, .ticketCancelled),
            (.transferred, .ticketTransferred),
        ] {
            let ticket = harness.ticket(status: status)
            try await harness.give(ticket.code, to: friend, token: harness.token(ticket.holder.id))
                .expectProblem(problem)
        }
        let late = harness.ticket(date: Date(timeIntervalSinceNow: -1))
        try await harness.give(late.code, to: friend, token: harness.token(late.holder.id)).expectProblem(.eventStarted)

        let ticket = harness.ticket()
        let holder = try harness.token(ticket.holder.id)
        try await harness.give(ticket.code, to: "nobody@example.org", token: holder).expectProblem(.recipientUnknown)
        let own = try await harness.give(ticket.code, to: ticket.holder.email ?? "", token: holder)
        own.expectProblem(.validationFailed)
        #expect(own.fields == ["email"])
        for body in ["{}", #"{"email":"x"}"#, #"{"email":1}"#] {
            let answer = try await harness.send(
                .post, "/api/tickets/\(ticket.code)/transfer", token: holder, body: body)
            answer.expectProblem(.validationFailed)
            #expect(answer.fields == ["email"])
        }
        #expect(try await harness.tickets.ticket(ticket.code)?.status == .valid)
    }

    @Test func onlyTheHolderHandsATicketOnAndWithoutATicketNobodyLearnsOfAccounts() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket()
        let friend = harness.account("Grace").email ?? ""
        for email in [friend, "nobody@example.org"] {
            for token in [try harness.token(), try harness.token(role: .admin)] {
                try await harness.give(ticket.code, to: email, token: token).expectProblem(.ticketNotFound)
            }
            let used = harness.ticket(status: .used)
            try await harness.give(used.code, to: email, token: harness.token(used.holder.id))
                .expectProblem(.ticketUsed)
        }
    }

    @Test func addressesAreNotTriedOutWithATicket() async throws {
        let harness = try await GatewayHarness {
            $0.requestLimits.transferUser = RateLimit(burst: 3, period: .seconds(3 * 3_600))
        }
        let ticket = harness.ticket()
        let holder = try harness.token(ticket.holder.id)
        let friend = harness.account("Grace").email ?? ""
        for number in 0..<3 {
            try await harness.give(ticket.code, to: "nobody\(number)@example.org", token: holder)
                .expectProblem(.recipientUnknown)
        }
        try await harness.give(ticket.code, to: friend, token: holder).expectProblem(.rateLimited)
        let other = harness.ticket()
        #expect(try await harness.give(other.code, to: friend, token: harness.token(other.holder.id)).status == 200)
    }

    @Test func aTicketChangesHandsTwentyTimesAtMost() async throws {
        let harness = try await GatewayHarness()
        let ticket = harness.ticket()
        let pair = [ticket.holder, harness.account("Grace")]
        var code = ticket.code
        for turn in 0..<Limits.transfers {
            let (giver, taker) = (pair[turn % 2], pair[(turn + 1) % 2])
            #expect(
                try await harness.give(code, to: taker.email ?? "", token: harness.token(giver.id)).status == 200)
            code = try await harness.onlyTicket(of: taker.id)
        }
        try await harness.give(code, to: pair[1].email ?? "", token: harness.token(pair[0].id))
            .expectProblem(.transferLimit)
    }

    @Test func anErrorOfTheStoreIsAProblem() async throws {
        let harness = try await GatewayHarness()
        harness.tickets.fail(with: RepositoryError(.unavailable, "away"))
        try await harness.send(.get, "/api/tickets", token: harness.token()).expectProblem(.overloaded)
        try await harness.scan(TicketCode.random().text, at: EventID(), token: harness.token(role: .admin))
            .expectProblem(.overloaded)
    }
}

extension TicketCode {
    static func random() -> TicketCode {
        var generator = SystemRandomNumberGenerator()
        return TicketCode(using: &generator)
    }
}

extension OrderID {
    static func random() -> OrderID {
        var bytes = UUID().uuid
        bytes.6 = 0x80 | (bytes.6 & 0x0f)
        return OrderID(UUID(uuid: bytes))
    }
}

extension GatewayHarness {
    /// A ticket as it was bought, in the store.
    func ticket(
        of holder: UserID = UserID(), status: TicketStatus = .valid, order: OrderID = .random(), number: Int = 1,
        count: Int = 1, date: Date = Date(timeIntervalSince1970: 1_900_000_000), issued: Double = 0
    ) -> IssuedTicket {
        let ticket = IssuedTicket(
            code: .random(), status: status, order: order, buyer: holder, number: number, count: count,
            event: .init(id: EventID(), title: "Concert", venue: "Hall", date: date),
            holder: TicketHolder(id: holder, name: "Ada", email: "\(holder)@example.org"), isReceived: false,
            issuedAt: Date(timeIntervalSince1970: issued), use: nil)
        tickets.put(ticket)
        return ticket
    }

    /// An account that tickets can be handed to.
    func account(_ name: String) -> TicketHolder {
        let id = UserID()
        let account = TicketHolder(id: id, name: name, email: "\(id)@example.org")
        tickets.put(account)
        return account
    }

    func onlyTicket(of holder: UserID) async throws -> TicketCode {
        let held = try await tickets.tickets(of: holder, after: nil, limit: 10).items
        #expect(held.count == 1)
        return try #require(held.first).code
    }

    func scan(
        _ code: String, at event: EventID, nonce: String = UUID().uuidString, token: String
    ) async throws -> Answer {
        try await send(
            .post, "/api/tickets/\(code)/redeem", token: token,
            body: "{\"eventId\":\"\(event)\",\"nonce\":\"\(nonce)\",\"gate\":\"North\"}")
    }

    func give(_ code: TicketCode, to email: String, token: String) async throws -> Answer {
        try await send(.post, "/api/tickets/\(code)/transfer", token: token, body: "{\"email\":\"\(email)\"}")
    }
}
