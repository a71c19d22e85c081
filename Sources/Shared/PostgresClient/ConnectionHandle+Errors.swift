import CLibpq

/// libpq's errors as ``PostgresError``, copied before libpq is called again.
extension ConnectionHandle {
    /// Names of the fields of an error message (PostgreSQL documentation, section 55.8).
    private enum Field: UInt8 {
        case severity = 0x56  // V
        case sqlState = 0x43  // C
        case message = 0x4d  // M
        case detail = 0x44  // D
        case hint = 0x48  // H
        case schema = 0x73  // s
        case table = 0x74  // t
        case column = 0x63  // c
        case constraint = 0x6e  // n
        case function = 0x52  // R
    }

    /// The connection is lost, for the reason that libpq gives.
    func lost() -> PostgresError {
        PostgresError(.connection, Self.oneLine(PQerrorMessage(pointer).map { String(cString: $0) } ?? ""))
    }

    /// What a failed result says. A FATAL or PANIC answer, or none at all, means that the connection is lost.
    func failure(_ result: OpaquePointer) -> PostgresError {
        func field(_ name: Field) -> String? {
            PQresultErrorField(result, Int32(name.rawValue)).map { String(cString: $0) }
        }
        guard let sqlState = field(.sqlState).map(SQLState.init(rawValue:)) else {
            let text = PQresultErrorMessage(result).map { String(cString: $0) } ?? ""
            return PostgresError(.connection, Self.oneLine(text))
        }
        var error = PostgresError(
            field(.severity) == "ERROR" ? .server : .connection, field(.message) ?? "", sqlState: sqlState,
            detail: field(.detail), hint: field(.hint), schema: field(.schema), table: field(.table),
            column: field(.column), constraint: field(.constraint))
        error.isStaleStatement =
            sqlState == .unknownPreparedStatement
            || sqlState == .featureNotSupported && field(.function) == "RevalidateCachedQuery"
        return error
    }

    /// Why connecting failed. libpq gives the SQLSTATE only within the text: `FATAL:  28P01: password …`.
    func connectFailure() -> PostgresError {
        let text = PQerrorMessage(pointer).map { String(cString: $0) } ?? ""
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }
        let words = lines.joined(separator: " ").split(separator: " ").map(String.init)
        var code: SQLState?
        var kept: [String] = []
        for (index, word) in words.enumerated() {
            if index > 0, words[index - 1].hasSuffix(":"), word.count == 6, word.hasSuffix(":"),
                word.dropLast().allSatisfy({ $0.isASCII && ($0.isUppercase || $0.isNumber) }),
                word.contains(where: \.isNumber)  // As every code has; not a severity, such as FATAL.
            {
                code = code ?? SQLState(rawValue: String(word.dropLast()))
            } else {
                kept.append(word)
            }
        }
        return PostgresError(.connection, kept.joined(separator: " "), sqlState: code)
    }

    private static func oneLine(_ text: String) -> String {
        text.split(separator: "\n").map { $0.drop { $0 == "\t" } }.joined(separator: " ")
    }
}
