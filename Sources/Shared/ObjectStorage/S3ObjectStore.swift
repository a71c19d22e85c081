import AsyncHTTPClient
package import Foundation
import NIOCore
import NIOHTTP1

/// A bucket of an S3 server. Its own requests are signed in the same way as the uploads of others: by their address.
package struct S3ObjectStore: ObjectStore {
    private let configuration: ObjectStorageConfiguration
    private let signature: QuerySignature
    private let host: String
    private let now: @Sendable () -> Date

    /// Of one request to the storage. An administrator waits for it, nobody else.
    private static let timeout: TimeAmount = .seconds(5)
    /// How long such a request may be used; also what the clocks may differ by.
    private static let requestLifetime: Duration = .seconds(300)

    package init(configuration: ObjectStorageConfiguration, now: @escaping @Sendable () -> Date = { Date() }) {
        self.configuration = configuration
        self.now = now
        signature = QuerySignature(
            accessKeyID: configuration.accessKeyID, secret: configuration.secret, region: configuration.region)
        let authority = ObjectStorageConfiguration.authority(configuration.endpoint)
        host = configuration.isPathStyle ? authority : "\(configuration.bucket).\(authority)"
    }

    /// Type and size are signed, so the storage takes no other. `If-None-Match` makes the address good for one upload:
    /// what was looked at cannot be replaced afterwards.
    package func permission(
        toUpload key: String, type: String, size: Int, within lifetime: Duration
    ) -> UploadPermission {
        let date = now()
        let headers = [
            "content-type": type, "cache-control": "public, max-age=31536000, immutable", "if-none-match": "*",
        ]
        let url = url(
            "PUT", key, headers: headers.merging(["content-length": String(size)]) { $1 }, lifetime: lifetime, at: date)
        return UploadPermission(
            url: url, headers: headers,
            expiresAt: date.addingTimeInterval(TimeInterval(lifetime.components.seconds)))
    }

    package func object(_ key: String) async throws(ObjectStoreError) -> StoredObject? {
        guard let response = try await send(.HEAD, key) else { return nil }
        return StoredObject(
            type: response.headers.first(name: "content-type") ?? "",
            size: response.headers.first(name: "content-length").flatMap { Int($0) } ?? 0)
    }

    package func beginning(of key: String, bytes count: Int) async throws(ObjectStoreError) -> [UInt8]? {
        guard count > 0, let response = try await send(.GET, key, [("range", "bytes=0-\(count - 1)")]) else {
            return nil
        }
        var bytes: [UInt8] = []
        do {
            // A server may answer a range with the whole file; the rest of it is not waited for.
            for try await part in response.body {
                bytes += part.readableBytesView
                if bytes.count >= count { break }
            }
        } catch {
            throw ObjectStoreError(.unavailable, "the storage stopped in the middle of a file", underlying: error)
        }
        return Array(bytes.prefix(count))
    }

    package func remove(_ key: String) async throws(ObjectStoreError) { _ = try await send(.DELETE, key) }

    package func address(of key: String) -> String { "\(configuration.publicURL)/\(key)" }

    package func key(ofAddress address: String) -> String? {
        let prefix = configuration.publicURL + "/"
        return address.hasPrefix(prefix) ? String(address.dropFirst(prefix.count)) : nil
    }

    private func url(
        _ method: String, _ key: String, headers: [String: String] = [:], lifetime: Duration, at date: Date
    ) -> String {
        let path = configuration.isPathStyle ? "/\(configuration.bucket)/\(key)" : "/\(key)"
        let target = signature.target(method, host: host, path: path, headers: headers, lifetime: lifetime, at: date)
        return "\(configuration.endpoint.scheme ?? "https")://\(host)\(target)"
    }

    /// nil when there is no such file.
    private func send(
        _ method: HTTPMethod, _ key: String, _ headers: [(String, String)] = []
    ) async throws(ObjectStoreError) -> HTTPClientResponse? {
        var request = HTTPClientRequest(
            url: url(method.rawValue, key, lifetime: Self.requestLifetime, at: now()))
        request.method = method
        request.headers = HTTPHeaders(headers)
        let response: HTTPClientResponse
        do {
            response = try await HTTPClient.shared.execute(request, timeout: Self.timeout)
        } catch {
            throw ObjectStoreError(.unavailable, "the storage does not answer: \(error)", underlying: error)
        }
        switch response.status.code {
        case 200..<300: return response
        case 404: return nil
        // An empty file has no range.
        case 416: return nil
        case 500...: throw ObjectStoreError(.unavailable, "the storage answered \(response.status.code)")
        default: throw ObjectStoreError(.refused, "the storage answered \(response.status.code) to a \(method)")
        }
    }
}
