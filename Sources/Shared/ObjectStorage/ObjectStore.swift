package import Foundation

/// Where files lie that everybody may read by their address: the images of events.
///
/// Files do not come through the gateway: whoever may upload one is given an address to send it to.
///
/// Live: `S3ObjectStore`. In memory: `InMemoryObjectStore`.
package protocol ObjectStore: Sendable {
    /// Permission to send one file of exactly this type and size, once, within `lifetime`. The storage itself refuses
    /// everything else.
    func permission(toUpload key: String, type: String, size: Int, within lifetime: Duration) -> UploadPermission

    /// What lies under a key; nil when there is nothing.
    func object(_ key: String) async throws(ObjectStoreError) -> StoredObject?

    /// The first bytes of a file, fewer when it is shorter; nil when there is no such file.
    func beginning(of key: String, bytes: Int) async throws(ObjectStoreError) -> [UInt8]?

    /// Removes a file; one that is not there is removed already.
    func remove(_ key: String) async throws(ObjectStoreError)

    /// Where everybody may read a file.
    func address(of key: String) -> String

    /// The key of a file by its address; nil for an address that is not of this storage.
    func key(ofAddress address: String) -> String?
}

/// An upload that the storage will take: a `PUT` to `url` with exactly these header fields.
package struct UploadPermission: Hashable, Sendable {
    package let url: String
    /// Besides `Content-Length`, which HTTP clients set by themselves, and which must be the size that was asked for.
    package let headers: [String: String]
    package let expiresAt: Date

    package init(url: String, headers: [String: String], expiresAt: Date) {
        self.url = url
        self.headers = headers
        self.expiresAt = expiresAt
    }
}

package struct StoredObject: Hashable, Sendable {
    package let type: String
    package let size: Int

    package init(type: String, size: Int) {
        self.type = type
        self.size = size
    }
}

package struct ObjectStoreError: Error, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The storage is not reachable, does not answer in time, or has a failure of its own.
        case unavailable
        /// The storage refuses what it should allow: credentials, bucket or clock are wrong.
        case refused
    }

    package let code: Code
    package let message: String
    package let underlying: (any Error)?

    package init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
