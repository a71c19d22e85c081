import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import OnsaleConfiguration
import Synchronization

/// Requests to Stripe's API, bounded in number, in time and in repetitions.
///
/// What may be otherwise when sent again is: no answer, 409 (another request with this key, or for this object, is
/// under way), 429 and 5xx; unless Stripe says by `Stripe-Should-Retry` what to do. All else is an answer.
final class StripeClient: Sendable {
    struct Request: Sendable {
        let method: HTTPMethod
        let path: String
        var form: FormBody?
        var idempotencyKey: String?

        static func get(_ path: String) -> Request { Request(method: .GET, path: path) }

        static func post(_ path: String, _ form: FormBody, key: String? = nil) -> Request {
            Request(method: .POST, path: path, form: form, idempotencyKey: key)
        }
    }

    struct Reply: Sendable {
        let status: Int
        /// Whether it is the answer to an earlier request with this key, kept by Stripe.
        let isReplayed: Bool
        let shouldRetry: Bool
        let body: Data

        var isSuccess: Bool { (200..<300).contains(status) }

        func decode<Value: Decodable>(_ type: Value.Type) throws(PaymentError) -> Value {
            do { return try JSONDecoder().decode(type, from: body) } catch {
                throw PaymentError("Stripe's answer (\(status)) cannot be read", underlying: error)
            }
        }

        /// What an answer that is no success says; nil when its body is not Stripe's.
        var failure: StripeFailure.Details? { try? JSONDecoder().decode(StripeFailure.self, from: body).error }

        /// The answer as the reason why something was not done.
        var reason: String {
            let failure = failure
            return "Stripe answered \(status) \(failure?.code ?? failure?.type ?? "without a reason")"
        }
    }

    private let configuration: StripeConfiguration
    private let http: HTTPClient
    private let authorization: String
    private let breaker = Mutex(
        CircuitBreaker(
            threshold: StripeConfiguration.failures, firstPause: StripeConfiguration.firstRest,
            longestPause: StripeConfiguration.longestRest))

    init(configuration: StripeConfiguration) {
        self.configuration = configuration
        self.authorization = "Bearer " + String(decoding: configuration.secretKey.bytes, as: UTF8.self)
        var http = HTTPClient.Configuration()
        http.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connections
        http.redirectConfiguration = .disallow
        // Its spans would show paths and queries, and Stripe would get our traces' ids.
        http.tracing.tracer = nil
        let requestTime = TimeAmount.nanoseconds(Int64(configuration.requestTime / .nanoseconds(1)))
        http.timeout.connect = requestTime
        http.timeout.read = requestTime
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: http)
    }

    func close() async throws { try await http.shutdown() }

    /// - Throws: when there is no answer by `deadline`, or soon after the task is cancelled.
    func send(_ request: Request, by deadline: ContinuousClock.Instant) async throws(PaymentError) -> Reply {
        var pause = StripeConfiguration.firstPause
        for attempt in 1... {
            // What was never sent says nothing about Stripe.
            guard .now < deadline else { throw PaymentError("no time is left to ask Stripe") }
            guard let permit = breaker.withLock({ $0.admit(at: .now) }) else {
                throw PaymentError("Stripe is left alone for a while, since it answers nothing")
            }
            let failure: PaymentError
            do {
                let reply = try await perform(request, by: deadline)
                let isHealthy = reply.status < 500 || reply.isReplayed
                breaker.withLock { isHealthy ? $0.succeed(permit) : $0.fail(permit, at: .now) }
                guard reply.shouldRetry else { return reply }
                failure = PaymentError(reply.reason)
            } catch {
                guard !Task.isCancelled else {
                    breaker.withLock { $0.abandon(permit) }
                    throw PaymentError("cancelled before Stripe answered", underlying: error)
                }
                breaker.withLock { $0.fail(permit, at: .now) }
                failure = PaymentError("Stripe gave no answer", underlying: error)
            }
            let jittered = pause * Double.random(in: 0.5...1)
            guard attempt < StripeConfiguration.attempts, .now + jittered < deadline else { throw failure }
            do { try await Task.sleep(for: jittered) } catch { throw failure }
            pause = min(pause * 2, StripeConfiguration.longestPause)
        }
        throw PaymentError("Stripe gave no answer")
    }

    private func perform(_ request: Request, by deadline: ContinuousClock.Instant) async throws -> Reply {
        var message = HTTPClientRequest(url: configuration.url + request.path)
        message.method = request.method
        message.headers.add(name: "Authorization", value: authorization)
        message.headers.add(name: "Stripe-Version", value: configuration.version)
        if let key = request.idempotencyKey { message.headers.add(name: "Idempotency-Key", value: key) }
        if let form = request.form {
            message.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            message.body = .bytes(ByteBuffer(string: form.text))
        }
        let end = min(deadline, .now + configuration.requestTime)
        let time = TimeAmount.nanoseconds(Int64((end - .now) / .nanoseconds(1)))
        let response = try await http.execute(message, deadline: .now() + time)
        let body = try await Self.collect(response.body, by: end)
        let status = Int(response.status.code)
        let isReplayed = response.headers.first(name: "Idempotent-Replayed") == "true"
        let shouldRetry =
            switch response.headers.first(name: "Stripe-Should-Retry") {
            case "true": true
            case "false": false
            // What is kept under the key stays as it is.
            default: status == 409 || status == 429 || status >= 500 && !isReplayed
            }
        return Reply(
            status: status, isReplayed: isReplayed, shouldRetry: shouldRetry, body: Data(body.readableBytesView))
    }

    /// Reads an answer's body. The deadline of its request has ended with its head, so this has one of its own.
    private static func collect(
        _ body: HTTPClientResponse.Body, by deadline: ContinuousClock.Instant
    ) async throws -> ByteBuffer {
        try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask { try await body.collect(upTo: StripeConfiguration.answerBytes) }
            group.addTask {
                try await Task.sleep(until: deadline)
                return nil
            }
            defer { group.cancelAll() }
            guard let bytes = try await group.next() ?? nil else { throw PaymentError("the answer has not come whole") }
            // Of a body that is given up, what has come is returned as if it were all.
            try Task.checkCancellation()
            return bytes
        }
    }
}
