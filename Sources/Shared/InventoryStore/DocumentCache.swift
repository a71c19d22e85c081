package import RedisClient
import Synchronization

/// Answers that all gateways share for a moment, so that Postgres is asked once for all of them.
///
/// A cache that fails is a cache that has nothing: nobody is told. What it holds must be bounded by who uses it, in
/// number and size: it lies in the Redis that sells, which takes no orders once its memory is full.
///
/// Live: `RedisDocumentCache`. In memory: `InMemoryDocumentCache`.
package protocol DocumentCache: Sendable {
    func document(_ key: String) async -> [UInt8]?

    /// Keeps a document, unless there is one or it was discarded lately.
    func keep(_ document: [UInt8], as key: String, for lifetime: Duration) async

    /// Forgets a document, because what it shows has changed, and keeps nothing under its name for as long as a reading
    /// of how it was before may take to arrive.
    func discard(_ key: String, for time: Duration) async
}

/// The documents in Redis. One that was discarded is an empty text there until the time is over, which `NX` respects.
package struct RedisDocumentCache: DocumentCache {
    private let redis: RedisClient

    /// Longer than that, and Postgres would have answered by now.
    private static let timeout: Duration = .milliseconds(100)

    package init(redis: RedisClient) { self.redis = redis }

    package func document(_ key: String) async -> [UInt8]? {
        let reply = await send(RedisCommand("GET", key: .init(key)))
        guard case .bytes(let bytes) = reply, !bytes.isEmpty else { return nil }
        return bytes
    }

    package func keep(_ document: [UInt8], as key: String, for lifetime: Duration) async {
        _ = await send(
            RedisCommand(
                "SET", key: .init(key), .init(bytes: document), "NX", "PX", .init(Int(lifetime / .milliseconds(1)))))
    }

    package func discard(_ key: String, for time: Duration) async {
        _ = await send(RedisCommand("SET", key: .init(key), "", "PX", .init(Int(time / .milliseconds(1)))))
    }

    private func send(_ command: RedisCommand) async -> RESPValue? {
        try? await redis.send(command, timeout: Self.timeout)  // A cache that fails has nothing.
    }
}

/// The documents in this process' memory, for tests.
package final class InMemoryDocumentCache: DocumentCache {
    private let documents = Mutex<[String: (bytes: [UInt8], until: ContinuousClock.Instant)]>([:])
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter now: Tests put a clock of their own here.
    package init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    package var keys: Set<String> { documents.withLock { Set($0.keys) } }

    package func document(_ key: String) async -> [UInt8]? {
        let found = documents.withLock { $0[key] }
        guard let found, now() < found.until, !found.bytes.isEmpty else { return nil }
        return found.bytes
    }

    package func keep(_ document: [UInt8], as key: String, for lifetime: Duration) async {
        documents.withLock { documents in
            if let found = documents[key], now() < found.until { return }
            documents[key] = (document, now() + lifetime)
        }
    }

    package func discard(_ key: String, for time: Duration) async {
        documents.withLock { $0[key] = ([], now() + time) }
    }
}
