import Foundation
import HTTPTypes
import ObjectStorage
import OrderRepository
import Testing
import Ticketing

@testable import Gateway

@Suite struct ImageTests {
    private static let png: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + Array(repeating: 7, count: 92)

    /// An upload as far as the gateway sees it.
    private static func begin(
        _ harness: GatewayHarness, _ event: EventID, _ body: String = "{\"contentType\":\"image/png\",\"size\":100}"
    ) async throws -> Answer {
        try await harness.send(
            .post, "/api/events/\(event)/image", token: harness.token(role: .admin), body: body)
    }

    private static func complete(_ harness: GatewayHarness, _ event: EventID, _ key: String) async throws -> Answer {
        try await harness.send(
            .post, "/api/events/\(event)/image/complete", token: harness.token(role: .admin),
            body: "{\"key\":\"\(key)\"}")
    }

    @Test func anUploadedImageIsShownByTheEventAndReplacesTheOneBefore() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        var keys: [String] = []
        for _ in 0..<2 {
            let begun = try await Self.begin(harness, event)
            #expect(begun.status == 201)
            #expect(begun.string("method") == "PUT")
            #expect(begun.string("url")?.hasPrefix("https://images.example/events/\(event)/") == true)
            #expect(begun.json["headers"] as? [String: String] == ["content-type": "image/png"])
            #expect(begun.string("expiresAt").flatMap(Timestamp.parse) ?? .distantPast > Date())
            let key = try #require(begun.string("key"))
            harness.images.put(Self.png, type: "image/png", as: key)
            keys.append(key)
            let done = try await Self.complete(harness, event, key)
            #expect(done.status == 200)
            #expect(done.string("imageUrl") == "https://images.example/\(key)")
            #expect(try await harness.send(.get, "/api/events/\(event)").string("imageUrl") == done.string("imageUrl"))
        }
        #expect(harness.images.keys == [keys[1]])
        // Once more, because the answer was lost.
        #expect(try await Self.complete(harness, event, keys[1]).status == 200)
        #expect(harness.images.keys == [keys[1]])
    }

    @Test(
        arguments: [
            ("{}", ["contentType", "size"]), ("{\"contentType\":\"image/svg+xml\",\"size\":100}", ["contentType"]),
            ("{\"contentType\":\"image/png\",\"size\":0}", ["size"]),
            ("{\"contentType\":\"image/png\",\"size\":8388609}", ["size"]),
            ("{\"contentType\":\"image/png\",\"size\":1.5}", ["size"]),
            ("{\"contentType\":\"image/png\",\"size\":\"1\"}", ["size"]),
            ("{\"contentType\":\"image/png\",\"size\":1e99}", ["size"]),
        ] as [(String, [String])])
    func aBadAnnouncementNamesItsFields(body: String, fields: [String]) async throws {
        let harness = try await GatewayHarness()
        let answer = try await Self.begin(harness, try await harness.event(isLoaded: false), body)
        answer.expectProblem(.validationFailed)
        #expect(answer.fields == fields)
    }

    @Test(
        arguments: [
            (png, "image/jpeg"), (png, ""), (Array("<html>".utf8), "image/png"), ([], "image/png"),
            ([0xff, 0xd8, 0xff, 0xe0], "image/png"), (png + Array(repeating: 0, count: 8 * 1024 * 1024), "image/png"),
        ] as [([UInt8], String)])
    func anotherFileThanAnImageOfTheTypeIsRefusedAndRemoved(bytes: [UInt8], type: String) async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let key = try #require(try await Self.begin(harness, event).string("key"))
        harness.images.put(bytes, type: type, as: key)
        try await Self.complete(harness, event, key).expectProblem(.imageInvalid)
        #expect(harness.images.keys.isEmpty)
        #expect(try await harness.send(.get, "/api/events/\(event)").json["imageUrl"] == nil)
    }

    @Test func aKeyThatIsNotOfThisEventIsRefused() async throws {
        let harness = try await GatewayHarness()
        let (event, other) = (try await harness.event(isLoaded: false), try await harness.event(isLoaded: false))
        let key = try #require(try await Self.begin(harness, other).string("key"))
        harness.images.put(Self.png, type: "image/png", as: key)
        let keys = [
            key, "events/\(event)/x.png", "events/\(event)/../\(other)/x.png", "x", "",
            "events/\(event)/\(UUID().text).svg", "events/\(event)/\(UUID().text)",
        ]
        for key in keys {
            let answer = try await Self.complete(harness, event, key)
            answer.expectProblem(.validationFailed)
            #expect(answer.fields == ["key"])
        }
        let answer = try await harness.send(
            .post, "/api/events/\(event)/image/complete", token: harness.token(role: .admin), body: "{}")
        answer.expectProblem(.validationFailed)
    }

    @Test func whatWasNotUploadedIsAskedFor() async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let key = try #require(try await Self.begin(harness, event).string("key"))
        try await Self.complete(harness, event, key).expectProblem(.imageNotUploaded)
        try await Self.begin(harness, EventID()).expectProblem(.eventNotFound)
    }

    @Test func withoutAStorageThereAreNoImages() async throws {
        let harness = try await GatewayHarness(storesImages: false)
        let event = try await harness.event(isLoaded: false)
        try await Self.begin(harness, event).expectProblem(.imagesDisabled)
        try await Self.complete(harness, event, "x").expectProblem(.imagesDisabled)
    }

    @Test(arguments: [ObjectStoreError.Code.unavailable, .refused])
    func aStorageThatDoesNotAnswerIsSaidSo(code: ObjectStoreError.Code) async throws {
        let harness = try await GatewayHarness()
        let event = try await harness.event(isLoaded: false)
        let key = try #require(try await Self.begin(harness, event).string("key"))
        harness.images.fail(with: ObjectStoreError(code, "secret words"))
        let answer = try await Self.complete(harness, event, key)
        answer.expectProblem(.storageUnavailable)
        #expect(!answer.text.contains("secret"))
        #expect(answer.headers[.retryAfter] == "1")
    }
}
