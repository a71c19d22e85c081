import NIOCore
import Testing
import Ticketing

@testable import LoadTest

@Suite("What answers mean")
struct ServiceAnswerTests {
    static func reply(_ status: Int, _ body: String, etag: String? = nil, retryAfter: Int? = nil) -> HTTPReply {
        HTTPReply(status: status, etag: etag, retryAfter: retryAfter, body: ByteBuffer(string: body))
    }

    @Test("A 202 names its order, wherever the member stands and however the text is spaced")
    func accepted() throws {
        let order = SampleSale.order(3)
        let body = #"{ "a" : [1,{"orderId":"no"}], "note":"\"orderId\":\"no\"}", "orderId" : "\#(order)" , "z":null}"#
        #expect(PurchaseAnswer(Self.reply(202, body, etag: "e")) == .accepted(order, etag: "e"))
    }

    @Test("A 202 without a readable order is no acceptance")
    func unreadable() {
        #expect(PurchaseAnswer(Self.reply(202, #"{"orderId":"x"}"#)) == .refused(code: "unreadable_acceptance"))
    }

    @Test(
        "Sold out is final; codes behind which waiting helps are not",
        arguments: [
            (409, "sold_out", false), (409, "limit_exceeded", false), (422, "idempotency_key_reused", false),
            (409, "sale_not_open", true), (409, "sale_paused", true), (429, "rate_limited", true),
            (503, "overloaded", true), (503, "warming_up", true),
        ])
    func refusals(status: Int, code: String, temporary: Bool) {
        let body = #"{"type":"about:blank","status":\#(status),"code":"\#(code)","errors":[{"code":"x"}]}"#
        let answer = PurchaseAnswer(Self.reply(status, body, retryAfter: 1))
        #expect(answer == (temporary ? .busy(code: code, retryAfter: 1) : .refused(code: code)))
    }

    @Test("A failing server or proxy leaves the outcome open", arguments: [500, 502, 504])
    func unknown(status: Int) {
        #expect(PurchaseAnswer(Self.reply(status, "<html>")) == .unknown(retryAfter: nil))
    }

    @Test("The order's own status is read, not that of its tickets")
    func order() {
        let body = #"{"tickets":[{"code":"c","status":"valid"}],"status":"confirmed","pollAfterMs":250}"#
        #expect(
            OrderAnswer(Self.reply(200, body, etag: "e"))
                == .state(OrderState(.confirmed, etag: "e", pollAfter: 250)))
        let failed = #"{"status":"cancelled","failure":{"code":"payment_declined","message":"}"}}"#
        #expect(
            OrderAnswer(Self.reply(200, failed))
                == .state(OrderState(.cancelled, failure: "payment_declined")))
    }

    @Test("304, 404 and failures are told apart")
    func otherPolls() {
        #expect(OrderAnswer(Self.reply(304, "")) == .unchanged)
        #expect(OrderAnswer(Self.reply(404, "{}")) == .missing)
        #expect(OrderAnswer(Self.reply(503, "{}", retryAfter: 4)) == .unavailable(retryAfter: 4))
        #expect(OrderAnswer(Self.reply(200, "{")) == .unavailable(retryAfter: nil))
    }

    @Test("Text that is cut off anywhere is read without harm")
    func cutOff() {
        let body = #"{"a":{"b":["\\\"",1]},"status":"confirmed","c":true}"#
        for length in 0..<body.utf8.count {
            let answer = OrderAnswer(Self.reply(200, String(body.prefix(length))))
            let complete = body.prefix(length).contains(#""confirmed""#)
            #expect(
                answer
                    == (complete
                        ? .state(OrderState(.confirmed)) : .unavailable(retryAfter: nil)))
        }
    }
}
