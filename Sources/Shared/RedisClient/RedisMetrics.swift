package import CoreMetrics
import NIOCore
import Synchronization

/// What is measured of the calls on shared connections: how long they take and wait, and how they fail. Made once.
package final class RedisMetrics: Sendable {
    enum Kind: String, CaseIterable {
        case command, script, pipeline

        init(_ commands: RedisRequest.Commands) {
            switch commands {
            case .single(let command): self = command.script == nil ? .command : .script
            case .several: self = .pipeline
            }
        }
    }

    private let command: Timer
    private let script: Timer
    private let pipeline: Timer
    private let sendWait: Timer
    private let failures: [RedisClientError.Code: Counter]
    private let calls = Atomic(0)

    package init(factory: any MetricsFactory = MetricsSystem.factory) {
        func duration(_ kind: Kind) -> Timer {
            Timer(
                label: "onsale_redis_call_duration_seconds", dimensions: [("kind", kind.rawValue)], factory: factory)
        }
        command = duration(.command)
        script = duration(.script)
        pipeline = duration(.pipeline)
        sendWait = Timer(label: "onsale_redis_send_wait_seconds", factory: factory)
        failures = Dictionary(
            uniqueKeysWithValues: RedisClientError.Code.ofCalls.map {
                ($0, Counter(label: "onsale_redis_call_failures", dimensions: [("code", $0.label)], factory: factory))
            })
    }

    /// Calls that have neither an outcome nor were given up.
    package var inFlight: Int { calls.load(ordering: .relaxed) }

    func began() { calls.wrappingAdd(1, ordering: .relaxed) }

    func ended(_ commands: RedisRequest.Commands, since start: NIODeadline, _ outcome: RedisRequest.Outcome) {
        calls.wrappingSubtract(1, ordering: .relaxed)
        let timer =
            switch Kind(commands) {
            case .command: command
            case .script: script
            case .pipeline: pipeline
            }
        timer.recordNanoseconds((.now() - start).nanoseconds)
        switch outcome {
        case .success(.error): failures[.server]?.increment()
        case .success: break
        case .failure(let error): failures[error.code]?.increment()
        }
    }

    /// A call was written to a connection.
    func sent(after wait: TimeAmount) { sendWait.recordNanoseconds(wait.nanoseconds) }
}

extension RedisClientError.Code {
    /// How a call can fail.
    fileprivate static let ofCalls: [RedisClientError.Code] = [
        .notConnected, .connectionLost, .deadlineExceeded, .overloaded, .server, .notReplicated, .protocolViolation,
        .cancelled, .shutDown,
    ]

    /// `not_connected`: the values of labels are written like all other codes.
    fileprivate var label: String {
        description.reduce(into: "") { text, letter in
            text += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
        }
    }
}
