import Foundation
import HTTPTypes
import Observability
import OnsaleConfiguration
import Testing
import Ticketing

@testable import Gateway

/// The web app as the gateway gives it, and that it hides no route.
@Suite struct WebAppTests {
    private static let page: HTTPFields = [.accept: "text/html,application/xhtml+xml,*/*;q=0.8"]

    /// A folder like that of `make web`, with a secret beside it.
    private func folder() throws -> URL {
        let outer = FileManager.default.temporaryDirectory.appending(path: "onsale-web-\(UUID().uuidString)")
        let root = outer.appending(path: "web")
        try FileManager.default.createDirectory(
            at: root.appending(path: "assets"), withIntermediateDirectories: true)
        let files = [
            "../secret.txt": "secret", "index.html": "<!doctype html><title>Onsale</title>", "icon.svg": "<svg/>",
            "assets/main-ABC123.js": "export {}", "assets/main-ABC123.js.gz": "zipped", "gate-worker.js": "self",
        ]
        for (name, text) in files { try Data(text.utf8).write(to: root.appending(path: name)) }
        try FileManager.default.createSymbolicLink(
            at: root.appending(path: "link.txt"), withDestinationURL: outer.appending(path: "secret.txt"))
        return root
    }

    private func harness(
        imageOrigins: (upload: String, display: String)? = nil
    ) async throws -> GatewayHarness {
        try await GatewayHarness(webApp: try WebApp(folder: try folder().path, imageOrigins: imageOrigins))
    }

    @Test(arguments: ["/", "/index.html", "/events/3", "/orders/x/y", "/healthz/x", "/organise"])
    func aPageOfTheAppIsTheApp(_ path: String) async throws {
        let answer = try await harness().send(.get, path, headers: Self.page)
        #expect(answer.status == 200)
        #expect(answer.text.contains("<title>Onsale</title>"))
        #expect(answer.headers[.contentType] == "text/html; charset=utf-8")
        #expect(answer.headers[.cacheControl] == "no-cache")
        let policy = try #require(answer.headers[.contentSecurityPolicy])
        #expect(policy.contains("script-src 'self';") && policy.contains("default-src 'none'"))
        #expect(!policy.contains("unsafe"))
        #expect(answer.headers[.contentSecurityPolicy]?.contains("connect-src 'self';") == true)
    }

    @Test func imagesMayBeOfTheStorage() async throws {
        let harness = try await harness(imageOrigins: ("https://s3.example", "https://cdn.example"))
        let policy = try await harness.send(.get, "/", headers: Self.page).headers[.contentSecurityPolicy]
        #expect(policy?.contains("img-src 'self' blob: https://cdn.example;") == true)
        #expect(policy?.contains("connect-src 'self' https://s3.example;") == true)
    }

    /// A service worker is under the policy of its own answer; under that of the API's answers it could fetch nothing.
    @Test func aWorkerMayAskThisOriginAlone() async throws {
        let harness = try await harness()
        let answer = try await harness.send(.get, "/gate-worker.js")
        #expect(answer.status == 200)
        #expect(answer.headers[.contentSecurityPolicy] == "default-src 'none'; connect-src 'self'")
        #expect(answer.headers[.cacheControl] == "no-cache")
        let page = try await harness.send(.get, "/", headers: Self.page)
        #expect(page.headers[.contentSecurityPolicy]?.contains("worker-src 'self';") == true)
    }

    @Test(arguments: ["/api/nowhere", "/api", "/api/events/x/y", "/assets/gone.js", "/assets/gone", "/nowhere.js"])
    func whatIsNotThereIsNotTheApp(_ path: String) async throws {
        try await harness().send(.get, path, headers: Self.page).expectProblem(.notFound)
    }

    @Test func aProgramThatErrsIsNotToldHTML() async throws {
        try await harness().send(.get, "/event/3", headers: [.accept: "*/*"]).expectProblem(.notFound)
        try await harness().send(.get, "/event/3").expectProblem(.notFound)
        try await harness().send(.post, "/events/3", headers: Self.page).expectProblem(.notFound)
    }

    @Test func theAppHidesNoRoute() async throws {
        let harness = try await harness()
        for route in RouteTable.standard.routes where route.method == .get {
            let path = route.template.replacing("{id}", with: "x").replacing("{code}", with: "x")
            let answer = try await harness.send(
                .get, path, token: harness.token(role: .admin), headers: Self.page)
            #expect(!answer.text.contains("<title>Onsale</title>"), "\(path)")
        }
        try await harness.send(.get, "/api/orders/recover", headers: Self.page).expectProblem(.methodNotAllowed)
        try await harness.send(.delete, "/docs", headers: Self.page).expectProblem(.methodNotAllowed)
    }

    @Test func aFileWithAHashInItsNameIsKeptForEver() async throws {
        let answer = try await harness().send(.get, "/assets/main-ABC123.js")
        #expect(answer.text == "export {}")
        #expect(answer.headers[.cacheControl] == "public, max-age=31536000, immutable")
        #expect(answer.headers[.contentType] == "text/javascript; charset=utf-8")
        #expect(answer.headers[.contentSecurityPolicy] == "default-src 'none'; frame-ancestors 'none'")
    }

    @Test func aFileIsCompressedForWhoTakesThat() async throws {
        let harness = try await harness()
        let plain = try await harness.send(.get, "/assets/main-ABC123.js")
        #expect(plain.headers[.vary] == "Accept-Encoding")
        #expect(plain.headers[.contentEncoding] == nil)
        for accepted in ["gzip", "br, GZIP;q=0.5"] {
            let zipped = try await harness.send(
                .get, "/assets/main-ABC123.js", headers: [.acceptEncoding: accepted])
            #expect(zipped.text == "zipped")
            #expect(zipped.headers[.contentEncoding] == "gzip")
            #expect(zipped.headers[.vary] == "Accept-Encoding")
            #expect(zipped.headers[.eTag] != plain.headers[.eTag])
        }
        for refused in ["br", "gzip;q=0", "identity"] {
            let answer = try await harness.send(
                .get, "/assets/main-ABC123.js", headers: [.acceptEncoding: refused])
            #expect(answer.text == "export {}", "\(refused)")
        }
        try await harness.send(.get, "/assets/main-ABC123.js.gz").expectProblem(.notFound)
    }

    @Test func whoHasItIsNotSentItAgain() async throws {
        let harness = try await harness()
        for path in ["/", "/icon.svg", "/assets/main-ABC123.js"] {
            let tag = try #require(try await harness.send(.get, path).headers[.eTag])
            let again = try await harness.send(.get, path, headers: [.ifNoneMatch: tag])
            #expect(again.status == 304 && again.text.isEmpty, "\(path)")
            #expect(again.headers[.eTag] == tag)
        }
    }

    @Test func aHeadHasTheLengthAndNoBody() async throws {
        let answer = try await harness().send(.head, "/icon.svg")
        #expect(answer.status == 200 && answer.text.isEmpty)
        #expect(answer.headers[.contentLength] == "6")
    }

    @Test(
        arguments: [
            "/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/assets/..%2f..%2fsecret.txt",
            "/link.txt", "//secret.txt", "/./../secret.txt",
        ])
    func noPathLeadsOutOfTheFolder(_ path: String) async throws {
        let answer = try await harness().send(.get, path, headers: Self.page)
        #expect(!answer.text.contains("secret\n") && answer.text != "secret")
        answer.expectProblem(.notFound)
    }

    @Test func itsAnswersHaveALabelOfTheirOwnInTheMetrics() async throws {
        let harness = try await harness()
        _ = try await harness.send(.get, "/", headers: Self.page)
        let text = String(decoding: harness.registry.render(), as: UTF8.self)
        #expect(text.contains("onsale_http_requests_total{method=\"other\",route=\"web\",status=\"2xx\"} 1"))
    }

    @Test func aFolderWithoutAnAppIsAnErrorThatNamesTheVariable() {
        let error = #expect(throws: ConfigurationError.self) { try WebApp(folder: "/nowhere") }
        #expect(error.map { "\($0)" }?.contains("WEB_ROOT") == true)
    }
}
