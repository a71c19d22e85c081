import Yams

/// `openapi.yaml`, read for the reference page and for the test that compares it with the router.
struct OpenAPIDocument {
    /// The text as it is served.
    static let text = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)

    struct Operation {
        /// In capitals: `GET`.
        let method: String
        let path: String
        let node: Node
        /// Parameters of the path and of the operation, without references.
        let parameters: [Node]
        let responses: [(status: String, node: Node)]
    }

    let root: Node

    /// - Throws: when the text is no YAML.
    init(_ text: String = OpenAPIDocument.text) throws { root = try Yams.compose(yaml: text) ?? Node("") }

    /// In the order of the text.
    var operations: [Operation] {
        let methods: Set<String> = ["get", "post", "put", "patch", "delete"]
        return members(of: root["paths"]).flatMap { path, item in
            let shared = items(of: item["parameters"])
            return members(of: item).filter { methods.contains($0.0) }.map { method, node in
                Operation(
                    method: method.uppercased(), path: path, node: node,
                    parameters: (shared + items(of: node["parameters"])).map(resolved),
                    responses: members(of: node["responses"]).map { ($0, resolved($1)) })
            }
        }
    }

    var schemas: [(name: String, node: Node)] { members(of: root["components"]?["schemas"]) }

    func members(of node: Node?) -> [(String, Node)] {
        node?.mapping?.compactMap { key, value in key.string.map { ($0, value) } } ?? []
    }

    func items(of node: Node?) -> [Node] { node?.sequence.map { Array($0) } ?? [] }

    /// What a reference into this document refers to; other nodes as they are.
    func resolved(_ node: Node) -> Node {
        guard let reference = node["$ref"]?.string, reference.hasPrefix("#/") else { return node }
        return reference.dropFirst(2).split(separator: "/").reduce(root) { $0[String($1)] ?? Node("") }
    }
}
