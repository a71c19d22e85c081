import HTTPTypes
import InventoryStore
import NIOCore
import Testing
import Ticketing

@testable import Gateway

/// P32: every malformed purchase is a 4xx with a code, and nothing is reserved.
@Suite struct PurchaseBodyTests {
    static let id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

    struct Body: Sendable, CustomTestStringConvertible {
        let text: String
        let code: ProblemCode
        let fields: [String]
        var testDescription: String { String(text.prefix(60)) }

        init(_ text: String, _ code: ProblemCode, _ fields: [String] = []) {
            self.text = text
            self.code = code
            self.fields = fields
        }

        static func quantity(_ value: String) -> Body {
            Body("{\"eventId\":\"\(id)\",\"quantity\":\(value)}", .validationFailed, ["quantity"])
        }

        static func event(_ value: String) -> Body {
            Body("{\"eventId\":\(value),\"quantity\":1}", .validationFailed, ["eventId"])
        }

        static func method(_ value: String) -> Body {
            Body(
                "{\"eventId\":\"\(id)\",\"quantity\":1,\"paymentMethod\":\(value)}", .validationFailed,
                ["paymentMethod"])
        }
    }

    static let refused: [Body] =
        [
            "0", "-1", "101", "1.0", "1.5", "1e1", "1E2", "99999999999999999999", "-99999999999999999999", "\"1\"",
            "true",
            "null", "[1]", "{\"a\":1}", "9223372036854775807",
        ].map(Body.quantity)
        + [
            "\"\"", "\"nonsense\"", "1", "null", "[]", "\"3f2504e0-4f89-41d3-9a0c-0305e82c330\"",
            "\"3f2504e0-4f89-41d3-9a0c-0305e82c33011\"", "\"3f2504e04f8941d39a0c0305e82c3301\"",
            "\"zf2504e0-4f89-41d3-9a0c-0305e82c3301\"",
        ].map(Body.event)
        + ["1", "\"\"", "\"a b\"", "\"\(String(repeating: "x", count: 65))\"", "[]", "\"ü\""].map(Body.method)
        + [
            Body("{}", .validationFailed, ["eventId", "quantity"]),
            Body("{\"eventId\":\"\(id)\"}", .validationFailed, ["quantity"]),
            Body("{\"quantity\":1}", .validationFailed, ["eventId"]),
            Body("{\"eventId\":\"x\",\"quantity\":0}", .validationFailed, ["eventId", "quantity"]),
            Body("{\"eventId\":\"\(id)\",\"quantity\":1,\"quantity\":2}", .validationFailed, ["quantity"]),
            Body(
                "{\"eventId\":\"\(id)\",\"quantity\":1,\"quantit\\u0079\":2}", .validationFailed, ["quantity"]),
            Body("", .malformedJSON), Body("null", .malformedJSON), Body("[]", .malformedJSON),
            Body("\"text\"", .malformedJSON), Body("{", .malformedJSON), Body("{\"eventId\"}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":1", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":1}}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":1,}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":01}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":+1}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":.5}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":1.}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":NaN}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\" \"quantity\":1}", .malformedJSON),
            Body("{'eventId':'\(id)','quantity':1}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":1,\"a\":\"\u{1}\"}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":1,\"a\":\"\\x\"}", .malformedJSON),
            Body("{\"eventId\":\"\(id)\",\"quantity\":1,\"a\":\"\\ud800\"}", .malformedJSON),
            Body("{\"a\":\(String(repeating: "[", count: 5_000))", .malformedJSON),
            Body(
                "{\"a\":\(String(repeating: "[", count: 5_000))\(String(repeating: "]", count: 5_000))}",
                .malformedJSON),
            Body(String(repeating: " ", count: 17_000), .bodyTooLarge),
        ]

    @Test(arguments: refused)
    func aMalformedPurchaseIsRefusedByNameAndReservesNothing(_ body: Body) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(
            .post, "/api/tickets/purchase", token: harness.token(), body: body.text)
        answer.expectProblem(body.code)
        #expect(answer.fields == body.fields)
        for partition in harness.configuration.partitioning.all {
            #expect(try await harness.inventory.progress(of: partition).accepted == 0)
        }
    }

    /// The negative control of the list above.
    @Test(arguments: [
        "{\"eventId\":\"\(id)\",\"quantity\":2}",
        " {\n\t\"quantity\" : 2 ,\r\"eventId\":\"\(id.uppercased())\" } ",
        "{\"eventId\":\"\(id)\",\"quantity\":2,\"paymentMethod\":null}",
        "{\"eventId\":\"\(id)\",\"quantity\":2,\"paymentMethod\":\"pm_accepted\"}",
        "{\"\\u0065ventId\":\"\\u0033f2504e0-4f89-41d3-9a0c-0305e82c3301\",\"quantity\":2}",
        "{\"x\":{\"quantity\":[1,2.5e3,-0,true,false,null,\"\\ud83d\\ude00\",\"ü\"]},\"eventId\":\"\(id)\",\"quantity\":2}",
    ])
    func aWellFormedPurchaseIsRead(_ text: String) throws {
        let request = try PurchaseRequest(json: ByteBuffer(string: text), standardMethod: .standard)
        #expect(request.event == EventID(Self.id))
        #expect(request.quantity == 2)
        #expect(request.paymentMethod == .standard)
    }

    @Test func invalidUTF8IsMalformed() throws {
        var buffer = ByteBuffer(string: "{\"eventId\":\"\(Self.id)\",\"quantity\":1,\"a\":\"")
        buffer.writeBytes([0xc3, 0x28])
        buffer.writeString("\"}")
        #expect(throws: Problem.self) { try PurchaseRequest(json: buffer, standardMethod: .standard) }
    }

    @Test func aPurchaseNamesItsPaymentMethodWhereTheProviderHasNoStandardOne() async throws {
        let harness = try await GatewayHarness { $0.paymentProvider = .stripe }
        let event = try await harness.event()
        let answer = try await harness.purchase(event, token: harness.token())
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == ["paymentMethod"])
        #expect(try await harness.purchase(event, method: "", token: harness.token()).fields == ["paymentMethod"])
        #expect(try await harness.purchase(event, method: "pm_card_visa", token: harness.token()).status == 202)
    }

    @Test(arguments: ["", " ", "a b", "ü", String(repeating: "k", count: 129), "a\tb"])
    func aBadIdempotencyKeyIsRefused(_ key: String) async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let answer = try await harness.purchase(event, key: key, token: harness.token())
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == ["Idempotency-Key"])
        #expect(try await harness.available(event) == 100)
    }

    @Test func aKeyWithQuotesComesBackAsItWas() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event()
        let answer = try await harness.purchase(event, key: "a\"b\\c", token: harness.token())
        #expect(answer.status == 202)
        #expect(answer.string("idempotencyKey") == "a\"b\\c")
    }

    @Test(arguments: ["text/plain", "application/xml", "application/jsonp", "multipart/form-data"])
    func aBodyOfAnotherTypeIsUnsupported(_ type: String) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(
            .post, "/api/tickets/purchase", token: harness.token(), body: "{}", headers: [.contentType: type])
        answer.expectProblem(.unsupportedMediaType)
    }

    @Test(arguments: ["application/json", "application/json; charset=utf-8", "Application/JSON"])
    func jsonWithParametersIsTaken(_ type: String) { #expect(BodyReader.isJSON(type)) }
}
