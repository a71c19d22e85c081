import Crypto
import Foundation
import HTTPTypes
import OnsaleConfiguration
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

@Suite struct WebhookTests {
    private static let secret = Secret(bytes: Array("whsec_0123456789abcdef".utf8))

    private static func harness() async throws -> GatewayHarness {
        try await GatewayHarness { $0.stripeWebhookSecret = secret }
    }

    private static func body(_ id: String = "evt_1", kind: String = "payment_intent.succeeded") -> String {
        """
        {"id":"\(id)","object":"event","type":"\(kind)","data":{"object":{"id":"pi_1","object":"payment_intent",\
        "metadata":{"order_id":"7b0c2a0e-5a43-8c8f-9c39-0d7f3c0f8a11"}}}}
        """
    }

    /// The header as Stripe makes it.
    private static func sign(_ body: String, _ secret: Secret = secret, at time: Date = Date()) -> String {
        let seconds = Int(time.timeIntervalSince1970)
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(seconds).\(body)".utf8), using: SymmetricKey(data: secret.bytes))
        return "t=\(seconds),v1=\(code.map { String(format: "%02x", $0) }.joined())"
    }

    private static func send(_ body: String, signed header: String?, to harness: GatewayHarness) async throws -> Answer
    {
        try await harness.send(
            .post, "/api/webhooks/stripe", body: body, headers: header.map { [.stripeSignature: $0] } ?? [:])
    }

    @Test func aSignedEventIsTakenOnceHoweverOftenItComes() async throws {
        let harness = try await Self.harness()
        let body = Self.body()
        for _ in 0..<3 { #expect(try await Self.send(body, signed: Self.sign(body), to: harness).status == 200) }
        let events = try await harness.repository.providerEvents
        #expect(events.count == 1)
        #expect(events["evt_1"]?.order == OrderID("7b0c2a0e-5a43-8c8f-9c39-0d7f3c0f8a11"))
        #expect(events["evt_1"]?.isCapture == true)
        #expect(events["evt_1"]?.object == "pi_1")
    }

    @Test func whatIsForgedOldOrChangedIsRefusedAndLeavesNoTrace() async throws {
        let harness = try await Self.harness()
        let body = Self.body()
        let now = Date()
        let good = Self.sign(body, at: now)
        let other = Secret(bytes: Array("whsec_another_secret".utf8))
        for header in [
            nil, "", "t=,v1=", "v1=00", good.replacing("v1=", with: "v0="), Self.sign(body, other),
            Self.sign(body + " "), Self.sign(body, at: Date(timeIntervalSinceNow: -310)),
            Self.sign(body, at: Date(timeIntervalSinceNow: 3_600)), good + "0", String(good.dropLast(2)),
        ] {
            try await Self.send(body, signed: header, to: harness).expectProblem(.invalidSignature)
        }
        #expect(try await harness.repository.providerEvents.isEmpty)
        // While the secret is being rotated one of two signatures is ours.
        let both = Self.sign(body, other, at: now) + "," + good.split(separator: ",")[1]
        #expect(try await Self.send(body, signed: both, to: harness).status == 200)
    }

    @Test func otherEventsAreAcknowledgedAndThoseThatCannotBeReadAreNot() async throws {
        let harness = try await Self.harness()
        let unknown = Self.body("evt_2", kind: "customer.created")
        #expect(try await Self.send(unknown, signed: Self.sign(unknown), to: harness).status == 200)
        #expect(try await harness.repository.providerEvents.isEmpty)
        let dispute = """
            {"id":"evt_3","type":"charge.dispute.created",\
            "data":{"object":{"id":"dp_1","payment_intent":"pi_1","metadata":{}}}}
            """
        #expect(try await Self.send(dispute, signed: Self.sign(dispute), to: harness).status == 200)
        #expect(try await harness.repository.providerEvents["evt_3"]?.charge == "pi_1")
        try await Self.send("[]", signed: Self.sign("[]"), to: harness).expectProblem(.malformedJSON)
        let large = "{\"id\":\"\(String(repeating: "a", count: 300_000))\"}"
        try await Self.send(large, signed: Self.sign(large), to: harness).expectProblem(.bodyTooLarge)
    }

    /// Stripe tells of it as `charge.refund.updated`, with the state before beside it, when a bank sends the money
    /// back.
    @Test(arguments: [
        ("charge.refund.updated", "failed", true), ("charge.refund.updated", "succeeded", false),
        ("refund.updated", "canceled", true), ("refund.updated", "pending", false), ("refund.failed", "failed", true),
        ("charge.refunded", "succeeded", false),
    ])
    func aRefundThatHasFailedIsToldOf(kind: String, status: String, isFailed: Bool) async throws {
        let harness = try await Self.harness()
        let body = """
            {"id":"evt_1","object":"event","type":"\(kind)","data":{"object":{"id":"re_1","object":"refund",\
            "status":"\(status)","payment_intent":"pi_1","metadata":{"order_id":"7b0c2a0e-5a43-8c8f-9c39-0d7f3c0f8a11"}},\
            "previous_attributes":{"status":"succeeded"}}}
            """
        #expect(try await Self.send(body, signed: Self.sign(body), to: harness).status == 200)
        #expect(try await harness.repository.providerEvents["evt_1"]?.isFailedRefund == isFailed)
    }

    @Test func withoutASecretEveryWebhookIsRefused() async throws {
        let harness = try await GatewayHarness()
        let body = Self.body()
        try await Self.send(body, signed: Self.sign(body), to: harness).expectProblem(.invalidSignature)
    }
}
