/// Where a value stands in a JSON object: `code`, or `failure.code` for one within another.
struct MemberPath: Hashable, Sendable, ExpressibleByStringLiteral {
    let text: String
    /// The names on the way, as they are compared with the text of an answer.
    let names: [[UInt8]]

    init(_ text: String) {
        self.text = text
        self.names = text.split(separator: ".").map { Array($0.utf8) }
    }

    init(stringLiteral text: String) { self.init(text) }

    /// Calls `found` with the value when `name` and `value` are a member on this path of the object they are in.
    func follow(
        _ name: JSONScanner.Value, _ value: JSONScanner.Value, _ found: (JSONScanner.Value) -> Void
    ) {
        step(0, name, value, found)
    }

    private func step(
        _ depth: Int, _ name: JSONScanner.Value, _ value: JSONScanner.Value, _ found: (JSONScanner.Value) -> Void
    ) {
        guard depth < names.count, name.elementsEqual(names[depth]) else { return }
        guard depth + 1 < names.count else { return found(value) }
        JSONScanner.members(of: UnsafeRawBufferPointer(rebasing: value)) { step(depth + 1, $0, $1, found) }
    }
}

extension MemberPath: Codable {
    init(from decoder: any Decoder) throws { self.init(try String(from: decoder)) }
    func encode(to encoder: any Encoder) throws { try text.encode(to: encoder) }
}
