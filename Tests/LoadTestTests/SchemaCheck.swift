/// Checks JSON against the parts of JSON Schema that ours uses.
struct SchemaCheck {
    private let schema: [String: Any]
    private let definitions: [String: Any]

    init(_ schema: [String: Any]) {
        self.schema = schema
        self.definitions = schema["$defs"] as? [String: Any] ?? [:]
    }

    /// What is wrong, with its place.
    func mistakes(in value: Any) -> [String] { check(value, schema, "$") }

    private func check(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        if let reference = schema["$ref"] as? String {
            let name = String(reference.split(separator: "/").last ?? "")
            guard let definition = definitions[name] as? [String: Any] else { return ["\(place): no \(reference)"] }
            return check(value, definition, place)
        }
        switch schema["type"] as? String {
        case "object": return object(value, schema, place)
        case "array":
            guard let list = value as? [Any], let items = schema["items"] as? [String: Any] else {
                return ["\(place): no array"]
            }
            return list.enumerated().flatMap { check($0.element, items, "\(place)[\($0.offset)]") }
        case "string": return value is String ? [] : ["\(place): no string"]
        case "boolean": return value is Bool ? [] : ["\(place): no boolean"]
        case "number": return value is Double ? [] : ["\(place): no number"]
        case "integer": return value is Int ? [] : ["\(place): no integer"]
        default: return schema["const"] == nil ? ["\(place): a type that is not known here"] : []
        }
    }

    private func object(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        guard let members = value as? [String: Any] else { return ["\(place): no object"] }
        let properties = schema["properties"] as? [String: Any] ?? [:]
        var mistakes = (schema["required"] as? [String] ?? []).filter { members[$0] == nil }.map {
            "\(place).\($0) is missing"
        }
        for (name, member) in members {
            if let known = properties[name] as? [String: Any] {
                mistakes += check(member, known, "\(place).\(name)")
            } else if let others = schema["additionalProperties"] as? [String: Any] {
                mistakes += check(member, others, "\(place).\(name)")
            } else {
                mistakes.append("\(place).\(name) is not described")
            }
        }
        return mistakes
    }
}
