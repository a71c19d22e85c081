import Foundation
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import LoadTest

@Suite("Transport", .timeLimit(.minutes(1)))
struct TransportTests {
    @Test("Over HTTP/2 many requests share few connections, and their answers come back to whoever asked")
    func http2() async throws {
        let server = try await HTTP2Server()
        // More on each connection than the server lets be reset.
        var scenario = HonestyTests.looks([.counted(.burst(seconds: 0.2), count: 2000)], connections: 150)
        scenario.traffic.version = .http2
        let report = RunReport(try await ShopRun.run(scenario, at: server.port))
        #expect(report.latencies["browse"]?.corrected.count == 2000)
        #expect(report.journeys[0].answered == 2000)
        #expect((1...4).contains(server.connections))
        try await server.stop()
    }

    @Test("A sale over HTTP/2 keeps every promise")
    func saleOverHTTP2() async throws {
        let shop = Shop(tickets: 40)
        let server = try await HTTP2Server { request in shop.answer(request) }
        var scenario = ShopRun.scenario(tickets: 40, [.steady(rate: 60, seconds: 1)])
        scenario.traffic.version = .http2
        let report = RunReport(try await ShopRun.run(scenario, at: server.port))
        #expect(report.violations == [] && report.ticketsSold == 40 && report.refusedByCode["sold_out"] == 21)
        try await server.stop()
    }

    @Test(
        "A sale over TLS keeps every promise, by HTTP/1.1 and by HTTP/2", arguments: Scenario.Traffic.Version.allCases)
    func saleOverTLS(version: Scenario.Traffic.Version) async throws {
        let directory = try temporaryDirectory("tls")
        try makeCertificates(in: directory)
        let shop = Shop(tickets: 40)
        let server = try await TLSServer(certificate: directory) { shop.answer($0) }
        var scenario = ShopRun.scenario(tickets: 40, [.steady(rate: 60, seconds: 1)])
        scenario.traffic.version = version
        // A name, so that it is asked for (SNI) and compared with the certificate's.
        let endpoint = try Endpoint(
            "https://localhost:\(server.port)", authorities: directory.appending(path: "ca.pem").path)
        let report = RunReport(try await ShopRun.run(scenario, at: endpoint))
        #expect(report.violations == [] && report.ticketsSold == 40 && report.refusedByCode["sold_out"] == 21)
        #expect((server.http2Connections > 0) == (version == .http2))
        try await server.stop()
    }

    @Test("A server whose certificate nobody vouches for is sent nothing")
    func unknownAuthority() async throws {
        let directory = try temporaryDirectory("tls")
        try makeCertificates(in: directory)
        let asked = Atomic(false)
        let server = try await TLSServer(certificate: directory) { _ in
            asked.store(true, ordering: .relaxed)
            return .reply(200)
        }
        var scenario = HonestyTests.looks([.steady(rate: 10, seconds: 1)], connections: 1, timeout: 2)
        scenario.traffic.version = .http2
        let report = RunReport(
            try await ShopRun.run(scenario, at: try Endpoint("https://localhost:\(server.port)", authorities: nil)))
        #expect(report.journeys[0].answered == 0 && !asked.load(ordering: .relaxed))
        try await server.stop()
    }

    @Test("Without keep-alive each request has a connection of its own")
    func newConnections() async throws {
        let server = try await FixedServer(threads: 1)
        var scenario = HonestyTests.looks([.steady(rate: 100, seconds: 1)], connections: 8)
        scenario.traffic.keepAlive = false
        let report = RunReport(try await ShopRun.run(scenario, at: server.port))
        #expect(report.latencies["browse"]?.corrected.count == 100)
        #expect(server.connections == 100)
        try await server.stop()
    }

    @Test("A request of HTTP/1.1 becomes the headers of HTTP/2, pseudo-headers first")
    func translation() throws {
        var bytes = ByteBuffer(
            string:
                "POST /a?b=1 HTTP/1.1\r\nHost: h:1\r\nX-Key: v: w\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        let headers = try #require(HTTP2Translator.headers(&bytes, scheme: "http"))
        #expect(
            headers.map { "\($0.name)=\($0.value)" } == [
                ":method=POST", ":scheme=http", ":path=/a?b=1", ":authority=h:1", "x-key=v: w", "content-length=2",
            ])
        #expect(String(buffer: bytes) == "ok")
        var none = ByteBuffer(string: "nonsense\r\n\r\n")
        #expect(HTTP2Translator.headers(&none, scheme: "http") == nil)
    }

    @Test("Addresses are read with their scheme and port")
    func endpoints() throws {
        #expect(try Endpoint("http://127.0.0.1").address.port == 80)
        #expect(try Endpoint("https://127.0.0.1/").address.port == 443)
        #expect(try Endpoint("https://127.0.0.1:8443").url == "https://127.0.0.1:8443")
        for text in ["ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://127.0.0.1:x"] {
            #expect(throws: LoadTestError.self) { try Endpoint(text) }
        }
    }
}
