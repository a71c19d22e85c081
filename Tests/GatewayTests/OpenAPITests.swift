import Foundation
import HTTPTypes
import Testing
import Ticketing
import Yams

@testable import Gateway

/// `openapi.yaml` beside the code; that answers look as it says is checked by `scripts/check-answers`.
@Suite struct OpenAPITests {
    @Test("The document, the router and the table of routes have the same, all of them and no others")
    func routes() async throws {
        let documented = try OpenAPIDocument().operations.map { "\($0.method) \($0.path)" }
        let table = RouteTable.standard.routes.map { "\($0.method.rawValue) \($0.template)" }
        #expect(Set(documented) == Set(table))
        #expect(documented.count == table.count)
        let routed = Set(try await GatewayHarness().gateway.routes.map { "\($0.method.rawValue) \($0.template)" })
        // Answered before the router; and there to tell that the path is another method's.
        let hot = Set([RouteTable.purchase, RouteTable.order].map { "\($0.method.rawValue) \($0.template)" })
        #expect(routed.union(hot).subtracting(["GET /api/tickets/purchase"]) == Set(table))
    }

    @Test("The document's enumerations have the code's cases")
    func enumerations() throws {
        let document = try OpenAPIDocument()
        func values(_ path: String...) -> Set<String> {
            let node = path.reduce(document.root["components"]?["schemas"]) { $0?[$1] }
            return Set(document.items(of: node?["enum"]).compactMap(\.string))
        }
        #expect(values("ProblemCode") == Set(ProblemCode.allCases.map(\.rawValue)))
        #expect(values("Currency") == Set(Currency.allCases.map(\.rawValue)))
        #expect(values("SaleState") == Set(SaleState.allCases.map(\.rawValue)))
        #expect(values("OrderStatus") == Set(OrderStatus.allCases.map(\.rawValue)))
        #expect(values("Failure", "properties", "code") == Set(CancellationReason.allCases.map(\.rawValue)))
    }

    @Test("Every operation has a name, a summary and a tag that is described, and refers to nothing that is not there")
    func completeness() throws {
        let document = try OpenAPIDocument()
        let tags = document.items(of: document.root["tags"]).compactMap { $0["name"]?.string }
        var names: Set<String> = []
        for operation in document.operations {
            let name = try #require(operation.node["operationId"]?.string)
            #expect(names.insert(name).inserted, "\(name) is there twice")
            #expect(operation.node["summary"]?.string?.isEmpty == false, "\(name)")
            #expect(document.items(of: operation.node["tags"]).first?.string.map(tags.contains) == true, "\(name)")
            #expect(operation.responses.allSatisfy { $0.node["description"] != nil }, "\(name)")
            #expect(operation.parameters.allSatisfy { $0["name"] != nil }, "\(name)")
        }
        let references = OpenAPIDocument.text.matches(of: /"(#\/[^"]+)"/).map { String($0.1) }
        #expect(!references.isEmpty)
        for reference in Set(references) {
            let node = try OpenAPIDocument("$ref: \"\(reference)\"").root
            #expect(document.resolved(node).mapping != nil, "\(reference)")
        }
    }

    @Test(
        "The document and its page are served, and not again to one who has them",
        arguments: ["/openapi.yaml", "/docs"])
    func served(_ path: String) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.send(.get, path)
        #expect(answer.status == 200)
        let tag = try #require(answer.headers[.eTag])
        #expect(try await harness.send(.get, path, headers: [.ifNoneMatch: tag]).status == 304)
    }

    @Test("The page shows every operation and schema, and loads nothing")
    func page() throws {
        let document = try OpenAPIDocument()
        let html = try APIReference(document).html()
        for operation in document.operations {
            #expect(html.contains("</span> \(operation.path)</h3>"), "\(operation.path)")
        }
        for schema in document.schemas { #expect(html.contains("id=\"schema-\(schema.name)\""), "\(schema.name)") }
        for target in html.matches(of: /href="#([^"]+)"/).map(\.1) {
            #expect(html.contains("id=\"\(target)\""), "\(target)")
        }
        #expect(!html.contains("src=") && !html.contains("@import") && !html.contains("url("))
        #expect(!html.contains("<script"))
    }
}
