/// Reading with a check: every failure names the variable, what it holds and what it may hold.
///
/// An empty value counts as not given, because container tools pass unset variables as empty ones. Use readers that are
/// not `scoped(to:)`: the variable named in an error is made from the key of the call alone.
extension ConfigReader {
    /// A text that may be missing.
    package func optional(_ key: ConfigKey, isSecret: Bool = false) -> String? {
        guard let text = string(forKey: key, isSecret: isSecret), !text.isEmpty else { return nil }
        return text
    }

    /// A text with a default.
    package func text(_ key: ConfigKey, default fallback: String) -> String {
        optional(key) ?? fallback
    }

    /// A text that must be given.
    ///
    /// - Parameter isSecret: Whether the value (a URL with a password, say) is kept out of errors and access logs.
    package func required(_ key: ConfigKey, isSecret: Bool = false) throws(ConfigurationError) -> String {
        try required(key, as: String.self, allowed: "a non-empty text", isSecret: isSecret) { $0 }
    }

    /// A value that must be given and that `parse` accepts.
    ///
    /// - Parameters:
    ///   - allowed: What `parse` accepts, in words, for the error.
    ///   - isSecret: Whether the value is kept out of errors and access logs.
    ///   - parse: Turns the text into the value, or nil.
    package func required<Value>(
        _ key: ConfigKey, as type: Value.Type, allowed: String, isSecret: Bool = false, parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value {
        guard let text = optional(key, isSecret: isSecret) else {
            throw ConfigurationError(.missing, subject: key.variable, allowed: allowed)
        }
        guard let value = parse(text) else {
            throw invalid(key, isSecret ? nil : text, allowed: allowed)
        }
        return value
    }

    /// A whole number within `range`.
    package func int(
        _ key: ConfigKey, default fallback: Int, in range: ClosedRange<Int> = Int.min...Int.max
    ) throws(ConfigurationError) -> Int {
        // Text first: an environment variable that is no number must be an error here, not the default.
        let text = optional(key)
        guard let value = text.map({ Int($0) }) ?? int(forKey: key) ?? (text == nil ? fallback : nil),
            range.contains(value)
        else {
            let given = text ?? int(forKey: key).map { String($0) } ?? String(fallback)
            throw invalid(key, given, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A length of time within `range`: a number of seconds (`10`, `0.5`) or a number with `ms`, `s`, `m`, `h` or `d`.
    package func duration(
        _ key: ConfigKey, default fallback: Duration, in range: ClosedRange<Duration>
    ) throws(ConfigurationError) -> Duration {
        guard let text = optional(key) ?? int(forKey: key).map({ String($0) }) else { return fallback }
        guard let value = DurationSetting.parse(text), range.contains(value) else {
            throw invalid(
                key, text,
                allowed: "seconds, or a number with ms, s, m, h or d, from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Yes or no: `true`, `yes`, `1` or `false`, `no`, `0`, in any case.
    package func flag(_ key: ConfigKey, default fallback: Bool) throws(ConfigurationError) -> Bool {
        guard let text = optional(key) else { return bool(forKey: key) ?? fallback }
        switch text.lowercased() {
        case "true", "yes", "1": return true
        case "false", "no", "0": return false
        default: throw invalid(key, text, allowed: "true, yes, 1, false, no or 0")
        }
    }

    /// One of a closed set of words.
    package func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: ConfigKey, default fallback: Value
    ) throws(ConfigurationError) -> Value {
        guard let text = optional(key) else { return fallback }
        guard let value = Value(rawValue: text) else {
            throw invalid(key, text, allowed: Value.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return value
    }

    /// A comma-separated list; blanks around items and empty items are dropped. Not given means empty.
    ///
    /// - Parameter maximumCount: More items than this are an error.
    package func list(_ key: ConfigKey, maximumCount: Int = 100) throws(ConfigurationError) -> [String] {
        let text = optional(key)
        let items = text?.split(separator: ",").map { String($0) } ?? stringArray(forKey: key, default: [])
        let trimmed = items.compactMap { item -> String? in
            let words = item.split(whereSeparator: \.isWhitespace)
            return words.isEmpty ? nil : words.joined(separator: " ")
        }
        guard trimmed.count <= maximumCount else {
            throw invalid(key, text, allowed: "at most \(maximumCount) items with commas between them")
        }
        return trimmed
    }

    /// A key for cryptography that must be given, as the UTF-8 bytes of its text.
    package func secret(_ key: ConfigKey, minimumBytes: Int) throws(ConfigurationError) -> Secret {
        try required(key, as: Secret.self, allowed: "a secret of at least \(minimumBytes) bytes", isSecret: true) {
            $0.utf8.count >= minimumBytes ? Secret(bytes: Array($0.utf8)) : nil
        }
    }

    private func invalid(_ key: ConfigKey, _ given: String?, allowed: String) -> ConfigurationError {
        ConfigurationError(.invalid, subject: key.variable, given: given, allowed: allowed)
    }
}

extension ConfigKey {
    /// The environment variable of this key: `database.url` is `DATABASE_URL`.
    package var variable: String {
        components.map { $0.uppercased() }.joined(separator: "_")
    }
}
