import Foundation
import Synchronization

/// A storage in this process' memory, for tests of what stands on it. Tests put files there as an upload would.
package final class InMemoryObjectStore: ObjectStore {
    private struct State {
        var files: [String: (type: String, bytes: [UInt8])] = [:]
        var failure: ObjectStoreError?
    }

    private let state = Mutex(State())
    private static let base = "https://images.example"

    package init() {}

    package var keys: Set<String> { state.withLock { Set($0.files.keys) } }

    package func put(_ bytes: [UInt8], type: String, as key: String) {
        state.withLock { $0.files[key] = (type, bytes) }
    }

    /// From now on every call that asks the storage throws this; nil mends it.
    package func fail(with error: ObjectStoreError?) { state.withLock { $0.failure = error } }

    package func permission(
        toUpload key: String, type: String, size: Int, within lifetime: Duration
    ) -> UploadPermission {
        UploadPermission(
            url: "\(Self.base)/\(key)?size=\(size)", headers: ["content-type": type],
            expiresAt: Date(timeIntervalSinceNow: TimeInterval(lifetime.components.seconds)))
    }

    package func object(_ key: String) async throws(ObjectStoreError) -> StoredObject? {
        try file(key).map { StoredObject(type: $0.type, size: $0.bytes.count) }
    }

    package func beginning(of key: String, bytes: Int) async throws(ObjectStoreError) -> [UInt8]? {
        try file(key).map { Array($0.bytes.prefix(bytes)) }
    }

    package func remove(_ key: String) async throws(ObjectStoreError) {
        _ = try file(key)
        state.withLock { _ = $0.files.removeValue(forKey: key) }
    }

    package func address(of key: String) -> String { "\(Self.base)/\(key)" }

    package func key(ofAddress address: String) -> String? {
        address.hasPrefix(Self.base + "/") ? String(address.dropFirst(Self.base.count + 1)) : nil
    }

    private func file(_ key: String) throws(ObjectStoreError) -> (type: String, bytes: [UInt8])? {
        try state.withLock { state throws(ObjectStoreError) in
            if let failure = state.failure { throw failure }
            return state.files[key]
        }
    }
}
