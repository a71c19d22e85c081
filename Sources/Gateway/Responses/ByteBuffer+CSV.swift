import NIOCore

/// Writing CSV (RFC 4180): fields with commas between them, lines that end with CR and LF.
extension ByteBuffer {
    /// One line.
    mutating func writeCSV(_ fields: [String]) {
        for (index, field) in fields.enumerated() {
            if index > 0 { writeStaticString(",") }
            writeCSV(field: field)
        }
        writeStaticString("\r\n")
    }

    /// Text that a spreadsheet would take for a formula gets an apostrophe in front of it
    /// (https://owasp.org/www-community/attacks/CSV_Injection): people choose their names and addresses themselves.
    private mutating func writeCSV(field: String) {
        let isFormula = field.utf8.first.map { "=+-@\t\r\n".utf8.contains($0) } ?? false
        let text = isFormula ? "'" + field : field
        guard text.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else {
            writeString(text)
            return
        }
        writeStaticString("\"")
        writeString(text.replacing("\"", with: "\"\""))
        writeStaticString("\"")
    }
}
