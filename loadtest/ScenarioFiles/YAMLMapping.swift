import Yams

/// A mapping of a YAML file whose members are read by name; what is left unread is a mistake, not a comment. Errors say
/// file, line and column.
struct YAMLMapping {
    private let members: [String: Node]
    private let mark: Mark?
    private let file: String
    private var unread: [String]
    private var known: [String] = []

    init(_ node: Node, in file: String) throws(LoadTestError) {
        self.file = file
        self.mark = node.mark
        guard let mapping = node.mapping else {
            throw Self.error(file, node.mark, "names with values are expected here")
        }
        var members: [String: Node] = [:]
        for (key, value) in mapping {
            guard let name = key.string else { throw Self.error(file, key.mark, "this name is no text") }
            members[name] = value
        }
        self.members = members
        self.unread = mapping.compactMap { $0.key.string }
    }

    /// The one document of a file.
    static func document(_ text: String, file: String) throws(LoadTestError) -> YAMLMapping {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw LoadTestError(.invalidOption, "\(file): \(error)")
        }
        guard let node else { throw LoadTestError(.invalidOption, "\(file) is empty") }
        return try YAMLMapping(node, in: file)
    }

    mutating func node(_ name: String) -> Node? {
        known.append(name)
        unread.removeAll { $0 == name }
        return members[name]
    }

    mutating func text(_ name: String) throws(LoadTestError) -> String? {
        guard let node = node(name) else { return nil }
        guard let text = node.scalar?.string else { throw error(node, "\(name): a text is expected") }
        return text
    }

    mutating func whole(_ name: String, in range: ClosedRange<Int>) throws(LoadTestError) -> Int? {
        guard let node = node(name) else { return nil }
        guard let value = node.scalar.flatMap({ Int($0.string.replacing("_", with: "")) }), range.contains(value) else {
            throw error(node, "\(name): a whole number from \(range.lowerBound) to \(range.upperBound) is expected")
        }
        return value
    }

    mutating func number(_ name: String, in range: ClosedRange<Double>) throws(LoadTestError) -> Double? {
        guard let node = node(name) else { return nil }
        guard let value = node.scalar.flatMap({ Double($0.string) }), range.contains(value) else {
            throw error(node, "\(name): a number from \(range.lowerBound) to \(range.upperBound) is expected")
        }
        return value
    }

    mutating func flag(_ name: String) throws(LoadTestError) -> Bool? {
        guard let node = node(name) else { return nil }
        switch node.scalar?.string {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw error(node, "\(name): true or false is expected")
        }
    }

    /// Seconds of `250ms`, `10s`, `2m` or `1h`.
    mutating func seconds(_ name: String) throws(LoadTestError) -> Double? {
        guard let node = node(name) else { return nil }
        guard let seconds = node.scalar.flatMap({ Quantity.seconds($0.string) }) else {
            throw error(node, "\(name): a time such as 250ms, 10s or 2m is expected")
        }
        return seconds
    }

    /// A rate per second of `500/s`, `3000/m` or `500`.
    mutating func rate(_ name: String) throws(LoadTestError) -> Double? {
        guard let node = node(name) else { return nil }
        return try rate(node, name)
    }

    mutating func rates(_ name: String) throws(LoadTestError) -> [Double]? {
        guard let nodes = try list(name) else { return nil }
        var rates: [Double] = []
        for node in nodes { rates.append(try rate(node, name)) }
        return rates
    }

    mutating func texts(_ name: String) throws(LoadTestError) -> [String]? {
        guard let nodes = try list(name) else { return nil }
        var texts: [String] = []
        for node in nodes {
            guard let text = node.scalar?.string else { throw error(node, "\(name): texts are expected") }
            texts.append(text)
        }
        return texts
    }

    mutating func list(_ name: String) throws(LoadTestError) -> [Node]? {
        guard let node = node(name) else { return nil }
        guard let sequence = node.sequence else { throw error(node, "\(name): a list is expected") }
        return Array(sequence)
    }

    mutating func mapping(_ name: String) throws(LoadTestError) -> YAMLMapping? {
        guard let node = node(name) else { return nil }
        return try YAMLMapping(node, in: file)
    }

    mutating func mappings(_ name: String) throws(LoadTestError) -> [YAMLMapping]? {
        guard let nodes = try list(name) else { return nil }
        var mappings: [YAMLMapping] = []
        for node in nodes { mappings.append(try YAMLMapping(node, in: file)) }
        return mappings
    }

    /// The names of this mapping's members, read or not.
    var names: [String] { Array(members.keys) }

    /// To be called when everything was read that may be there.
    func finish() throws(LoadTestError) {
        guard let name = unread.first else { return }
        throw Self.error(
            file, members[name]?.mark ?? mark,
            "\(name) is not known here; known are \(known.sorted().joined(separator: ", "))")
    }

    func error(_ message: String) -> LoadTestError { Self.error(file, mark, message) }

    private func error(_ node: Node, _ message: String) -> LoadTestError { Self.error(file, node.mark, message) }

    private func rate(_ node: Node, _ name: String) throws(LoadTestError) -> Double {
        guard let rate = node.scalar.flatMap({ Quantity.rate($0.string) }) else {
            throw error(node, "\(name): a rate such as 500/s is expected")
        }
        return rate
    }

    private static func error(_ file: String, _ mark: Mark?, _ message: String) -> LoadTestError {
        LoadTestError(.invalidOption, file + (mark.map { ":\($0.line):\($0.column)" } ?? "") + ": " + message)
    }
}
