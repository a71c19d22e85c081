extension PostgresLaneRepository {
    /// Planner settings of a lane's sessions.
    ///
    /// A lane's statements touch rows by their keys only, so there is one good plan for each, and the planner must not
    /// find another. It would on a new database: after a `VACUUM` of empty tables it takes them for empty, plans the
    /// foreign-key checks as sequential scans, keeps those plans for the session, and the first sale slows down as it
    /// grows (measured: 2,734 → 1,475 orders/s).
    static let sessionSettings = ["enable_seqscan=off"]

    /// `url` with the lanes' session settings in its `options`, after those that it has.
    package static func laneURL(_ url: String) -> String {
        let options = sessionSettings.map { "-c%20\($0.replacing("=", with: "%3D"))" }.joined(separator: "%20")
        // A password may hold a bare question mark: user and password end at the @ before the first slash.
        let authority = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let path = url[authority...].firstIndex(of: "/") ?? url.endIndex
        let host = url[authority..<path].lastIndex(of: "@") ?? authority
        guard let query = url[host...].firstIndex(of: "?") else { return "\(url)?options=\(options)" }
        var isMerged = false
        let parameters = url[url.index(after: query)...].split(separator: "&").map { parameter in
            guard parameter.hasPrefix("options=") else { return String(parameter) }
            isMerged = true
            return "\(parameter)%20\(options)"
        }
        let added = isMerged ? [] : ["options=\(options)"]
        return url[..<query] + "?" + (parameters + added).joined(separator: "&")
    }
}
