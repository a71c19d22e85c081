import Mustache
import Yams

/// The page at `/docs`: `openapi.yaml` for people, as HTML that loads nothing.
///
/// The reference pages that others offer are programs of some megabytes that a browser would have to load from
/// elsewhere; so this is a template of ours.
struct APIReference {
    private struct Field {
        let name: String
        var place = ""
        let type: String
        let isRequired: Bool
        let description: String
    }

    private struct Answer {
        let status: String
        let type: String
        let description: String
    }

    private struct Operation {
        let id: String
        let method: String
        let path: String
        let summary: String
        let description: String
        let isOpen: Bool
        let parameters: [Field]
        let body: String?
        let responses: [Answer]
        var hasParameters: Bool { !parameters.isEmpty }
    }

    private struct Tag {
        let name: String
        let description: String
        let operations: [Operation]
    }

    private struct Schema {
        let name: String
        let description: String
        let type: String?
        let fields: [Field]
        let hasFields: Bool
    }

    private struct Page {
        let title: String
        let version: String
        let summary: String
        let description: String
        let tags: [Tag]
        let schemas: [Schema]
    }

    private let document: OpenAPIDocument

    init(_ document: OpenAPIDocument) { self.document = document }

    /// - Throws: when the template cannot be read.
    func html() throws -> String {
        let template = try MustacheTemplate(
            string: String(decoding: PackageResources.reference_mustache, as: UTF8.self))
        let info = document.root["info"]
        let operations = document.operations
        let tags = document.items(of: document.root["tags"]).map { tag in
            let name = tag["name"]?.string ?? ""
            return Tag(
                name: name, description: prose(tag["description"]),
                operations: operations.filter { document.items(of: $0.node["tags"]).first?.string == name }
                    .map(operation))
        }
        return template.render(
            Page(
                title: info?["title"]?.string ?? "", version: info?["version"]?.string ?? "",
                summary: info?["summary"]?.string ?? "", description: prose(info?["description"]), tags: tags,
                schemas: document.schemas.map { schema($0.name, $0.node) }))
    }

    private func operation(_ operation: OpenAPIDocument.Operation) -> Operation {
        Operation(
            id: operation.node["operationId"]?.string ?? "", method: operation.method, path: operation.path,
            summary: operation.node["summary"]?.string ?? "", description: prose(operation.node["description"]),
            isOpen: operation.node["security"]?.sequence?.isEmpty ?? false,
            parameters: operation.parameters.map { parameter in
                Field(
                    name: parameter["name"]?.string ?? "", place: parameter["in"]?.string ?? "",
                    type: type(parameter["schema"]), isRequired: parameter["required"]?.bool ?? false,
                    description: prose(parameter["description"]))
            },
            body: operation.node["requestBody"].map { contents(of: document.resolved($0)) },
            responses: operation.responses.map { status, node in
                Answer(status: status, type: contents(of: node), description: prose(node["description"]))
            })
    }

    private func schema(_ name: String, _ node: Node) -> Schema {
        let required = Set(document.items(of: node["required"]).compactMap(\.string))
        let fields = document.members(of: node["properties"]).map { name, property in
            Field(
                name: name, type: type(property), isRequired: required.contains(name),
                description: prose(property["description"]))
        }
        return Schema(
            name: name, description: prose(node["description"]), type: fields.isEmpty ? type(node) : nil,
            fields: fields, hasFields: !fields.isEmpty)
    }

    /// The media types of a body with their schemas.
    private func contents(of node: Node) -> String {
        document.members(of: node["content"]).map { media, content in
            media == "application/json" || media == "application/problem+json"
                ? type(content["schema"]) : "<code>\(escaped(media))</code>"
        }.joined(separator: " or ")
    }

    /// A schema in a few words.
    private func type(_ node: Node?) -> String {
        guard let node else { return "" }
        if let reference = node["$ref"]?.string?.split(separator: "/").last {
            return "<a href=\"#schema-\(escaped(String(reference)))\">\(escaped(String(reference)))</a>"
        }
        for (key, separator) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
            if let parts = node[key] { return document.items(of: parts).map(type).joined(separator: separator) }
        }
        if let values = node["enum"] {
            return document.items(of: values).compactMap(\.string).map { "<code>\(escaped($0))</code>" }
                .joined(separator: " ")
        }
        if let value = node["const"]?.string { return "<code>\(escaped(value))</code>" }
        let names = node["type"]?.string.map { [$0] } ?? document.items(of: node["type"]).compactMap(\.string)
        if names == ["array"] { return "list of \(type(node["items"]))" }
        if let properties = node["properties"] {
            return "object with "
                + document.members(of: properties).map { "<code>\(escaped($0.0))</code>" }.joined(separator: ", ")
        }
        let limits = [
            ("format", ""), ("minimum", "at least "), ("maximum", "at most "), ("minLength", "min. length "),
            ("maxLength", "max. length "), ("pattern", ""), ("default", "default "),
        ].compactMap { key, word in node[key]?.string.map { "\(word)\(escaped($0))" } }
        return names.joined(separator: " or ") + (limits.isEmpty ? "" : " (\(limits.joined(separator: ", ")))")
    }

    /// Paragraphs and `code`, which is all the markup that the document's texts use.
    private func prose(_ node: Node?) -> String {
        guard let text = node?.string else { return "" }
        return text.split(separator: "\n\n").map { paragraph in
            let parts = escaped(String(paragraph)).split(separator: "`", omittingEmptySubsequences: false)
            return "<p>"
                + parts.enumerated().map { $0 % 2 == 1 ? "<code>\($1)</code>" : String($1) }.joined() + "</p>"
        }.joined()
    }

    /// As the template does with what it escapes itself; the library keeps its own way of it to itself.
    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
