import Foundation
import OnsaleConfiguration
import Testing

@testable import ObjectStorage

@Suite struct ConfigurationTests {
    private static let keys = ["S3_BUCKET": "b", "S3_ACCESS_KEY_ID": "i", "S3_SECRET_ACCESS_KEY": "a secret"]

    private static func configuration(_ variables: [String: String]) async throws -> ObjectStorageConfiguration? {
        try ObjectStorageConfiguration(
            config: try await .onsale(dotEnv: "/nowhere/.env", environment: keys.merging(variables) { $1 }))
    }

    @Test(
        arguments: [
            ([:], "https://s3.us-east-1.amazonaws.com/b"),
            (["S3_REGION": "eu-central-1", "S3_PATH_STYLE": "false"], "https://b.s3.eu-central-1.amazonaws.com"),
            (["S3_ENDPOINT": "http://127.0.0.1:9000"], "http://127.0.0.1:9000/b"),
            (["S3_ENDPOINT": "https://s3.example:443/"], "https://s3.example/b"),
            (["S3_PUBLIC_URL": "https://cdn.example/x/"], "https://cdn.example/x"),
        ] as [([String: String], String)])
    func theAddressOfImagesFollowsFromTheSettings(variables: [String: String], url: String) async throws {
        let configuration = try #require(try await Self.configuration(variables))
        #expect(configuration.publicURL == url)
        let store = S3ObjectStore(configuration: configuration)
        #expect(store.address(of: "events/1.png") == url + "/events/1.png")
        #expect(store.key(ofAddress: url + "/events/1.png") == "events/1.png")
        #expect(store.key(ofAddress: "https://elsewhere.example/events/1.png") == nil)
    }

    @Test func withoutABucketThereIsNoStorage() async throws {
        #expect(try await Self.configuration(["S3_BUCKET": ""]) == nil)
    }

    @Test(
        arguments: [
            ("S3_ENDPOINT", "ftp://x"), ("S3_ENDPOINT", "https://x/path"), ("S3_ENDPOINT", "x:9000"),
            ("S3_ACCESS_KEY_ID", ""), ("S3_SECRET_ACCESS_KEY", ""), ("S3_PUBLIC_URL", "cdn.example"),
            ("S3_PATH_STYLE", "perhaps"),
        ])
    func aSettingThatIsWrongIsNamed(variable: String, value: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            _ = try await Self.configuration([variable: value])
        }
        #expect(error?.subject == variable)
    }
}
