import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import OnsaleConfiguration
import TestSupport
import Testing

@testable import ObjectStorage

/// Against a real S3 server, with a plain HTTP client as the one that uploads.
@Suite(.timeLimit(.minutes(3))) struct S3ObjectStoreTests {
    private static func store(
        secret: String = ObjectStorageServer.secretAccessKey, now: @escaping @Sendable () -> Date = { Date() }
    ) async throws -> S3ObjectStore {
        S3ObjectStore(
            configuration: ObjectStorageConfiguration(
                endpoint: try await ObjectStorageServer.shared.url, region: "us-east-1",
                bucket: ObjectStorageServer.bucket, accessKeyID: ObjectStorageServer.accessKeyID,
                secret: Secret(bytes: Array(secret.utf8))), now: now)
    }

    private static func key() -> String { "events/\(UUID().uuidString)/x.png" }

    /// Sends `bytes` as the permission says, but for `changes` of the header fields (nil: left out).
    private static func put(
        _ bytes: [UInt8], by permission: UploadPermission, _ changes: [String: String?] = [:]
    ) async throws -> UInt {
        var request = HTTPClientRequest(url: permission.url)
        request.method = .PUT
        var headers: [String: String?] = permission.headers
        headers.merge(changes) { $1 }
        for case (let name, let value?) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: bytes))
        return try await HTTPClient.shared.execute(request, timeout: .seconds(20)).status.code
    }

    private static func get(_ url: String) async throws -> (status: UInt, type: String?, body: [UInt8]) {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(20))
        let body = try await response.body.collect(upTo: 1 << 20)
        return (response.status.code, response.headers.first(name: "content-type"), Array(body.readableBytesView))
    }

    @Test func whatWasUploadedAsPermittedIsReadByEverybody() async throws {
        let store = try await Self.store()
        let key = Self.key()
        #expect(try await store.object(key) == nil)
        #expect(try await store.beginning(of: key, bytes: 4) == nil)
        let bytes: [UInt8] = (0..<100).map { $0 }
        let permission = store.permission(toUpload: key, type: "image/png", size: 100, within: .seconds(60))
        #expect(try await Self.put(bytes, by: permission) == 200)
        #expect(try await store.object(key) == StoredObject(type: "image/png", size: 100))
        #expect(try await store.beginning(of: key, bytes: 4) == [0, 1, 2, 3])
        #expect(try await store.beginning(of: key, bytes: 1_000) == bytes)
        let seen = try await Self.get(store.address(of: key))
        #expect(seen == (200, "image/png", bytes))
        try await store.remove(key)
        try await store.remove(key)
        #expect(try await store.object(key) == nil)
        #expect(try await Self.get(store.address(of: key)).status == 404)
    }

    @Test func anotherSizeOrTypeIsRefusedByTheStorage() async throws {
        let store = try await Self.store()
        let key = Self.key()
        let permission = store.permission(toUpload: key, type: "image/png", size: 10, within: .seconds(60))
        let bytes = [UInt8](repeating: 1, count: 10)
        #expect(try await Self.put(bytes + [1], by: permission) == 403)
        #expect(try await Self.put(bytes.dropLast(), by: permission) == 403)
        #expect(try await Self.put(bytes, by: permission, ["content-type": "text/html"]) == 403)
        #expect(try await Self.put(bytes, by: permission, ["content-type": nil]) == 403)
        #expect(try await Self.put(bytes, by: permission, ["if-none-match": nil]) == 403)
        #expect(try await store.object(key) == nil)
        #expect(try await Self.put(bytes, by: permission) == 200)
    }

    @Test func aPermissionIsForOneUploadOfOneFileForAWhile() async throws {
        let store = try await Self.store()
        let key = Self.key()
        let permission = store.permission(toUpload: key, type: "image/png", size: 1, within: .seconds(60))
        let elsewhere = UploadPermission(
            url: permission.url.replacing(key, with: Self.key()), headers: permission.headers,
            expiresAt: permission.expiresAt)
        #expect(try await Self.put([1], by: elsewhere) == 403)
        #expect(try await Self.put([1], by: permission) == 200)
        #expect(try await Self.put([2], by: permission) == 412)
        #expect(try await store.beginning(of: key, bytes: 1) == [1])

        let past = try await Self.store(now: { Date(timeIntervalSinceNow: -120) })
        let old = past.permission(toUpload: Self.key(), type: "image/png", size: 1, within: .seconds(60))
        #expect(old.expiresAt < Date())
        #expect(try await Self.put([1], by: old) == 403)
    }

    @Test func withoutAPermissionNobodyWrites() async throws {
        let store = try await Self.store()
        let address = store.address(of: Self.key())
        let none = UploadPermission(url: address, headers: ["content-type": "image/png"], expiresAt: Date())
        #expect(try await Self.put([1], by: none) == 403)
    }

    @Test func wrongCredentialsAreSaidSo() async throws {
        let store = try await Self.store(secret: "another secret")
        let error = await #expect(throws: ObjectStoreError.self) { _ = try await store.object(Self.key()) }
        #expect(error?.code == .refused)
    }

    @Test func aStorageThatIsNotThereIsSaidSo() async throws {
        let store = S3ObjectStore(
            configuration: ObjectStorageConfiguration(
                endpoint: URL(string: "http://127.0.0.1:\(try freePort())")!, region: "us-east-1", bucket: "b",
                accessKeyID: "i", secret: Secret(bytes: [1])))
        let error = await #expect(throws: ObjectStoreError.self) { _ = try await store.object(Self.key()) }
        #expect(error?.code == .unavailable)
    }
}
