/// A strict reader of Prometheus' text format 0.0.4: anything the format does not allow is an error.
struct ExpositionParser {
    struct Failure: Error {
        let line: String
        let reason: String
    }

    struct Family: Equatable {
        var type: String
        var help: String
        /// By sample name and labels as written.
        var samples: [String: Double] = [:]
        /// In the order of the text.
        var order: [String] = []
    }

    static func parse(_ bytes: [UInt8]) throws -> [String: Family] {
        guard let text = String(validating: bytes, as: UTF8.self), text.hasSuffix("\n") else {
            throw Failure(line: "", reason: "not UTF-8, or the last line has no end")
        }
        var families: [String: Family] = [:]
        var help: (name: String, text: String)?
        var current: String?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            func require(_ condition: Bool, _ reason: String) throws {
                if !condition { throw Failure(line: line, reason: reason) }
            }
            if line.hasPrefix("# HELP ") {
                let words = line.split(separator: " ", maxSplits: 3).map(String.init)
                try require(words.count == 4 && isName(words[2]), "bad HELP")
                help = (words[2], words[3])
            } else if line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ").map(String.init)
                try require(words.count == 4 && ["counter", "gauge", "histogram"].contains(words[3]), "bad TYPE")
                try require(help?.name == words[2], "TYPE without its HELP")
                try require(families[words[2]] == nil, "family stands twice")
                families[words[2]] = Family(type: words[3], help: help?.text ?? "")
                current = words[2]
            } else {
                let (name, labels, value) = try sample(line)
                let family = try current.flatMap { families[$0] } ?? { throw Failure(line: line, reason: "no TYPE") }()
                let endings = family.type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                try require(endings.contains { name == (current ?? "") + $0 }, "sample of another family")
                let key = labels.isEmpty ? name : "\(name){\(labels)}"
                try require(family.samples[key] == nil, "sample stands twice")
                families[current ?? ""]?.samples[key] = value
                families[current ?? ""]?.order.append(key)
            }
        }
        return families
    }

    private static func isName(_ text: String) -> Bool {
        text.wholeMatch(of: #/[a-zA-Z_:][a-zA-Z0-9_:]*/#) != nil
    }

    private static func sample(_ line: String) throws -> (name: String, labels: String, value: Double) {
        let pattern = #/([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/#
        guard let match = line.wholeMatch(of: pattern) else { throw Failure(line: line, reason: "bad sample") }
        let labels = String(match.2 ?? "")
        if !labels.isEmpty {
            let label = #/[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"/#
            var rest = labels[...]
            while true {
                guard let found = rest.prefixMatch(of: label) else {
                    throw Failure(line: line, reason: "bad label at \(rest)")
                }
                rest = rest[found.range.upperBound...]
                if rest.isEmpty { break }
                guard rest.first == "," else { throw Failure(line: line, reason: "no comma at \(rest)") }
                rest = rest.dropFirst()
            }
        }
        let special = ["+Inf": Double.infinity, "-Inf": -Double.infinity, "NaN": Double.nan]
        guard let value = special[String(match.3)] ?? Double(String(match.3)) else {
            throw Failure(line: line, reason: "bad number")
        }
        return (String(match.1), labels, value)
    }
}
