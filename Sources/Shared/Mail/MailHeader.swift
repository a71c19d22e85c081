import Foundation

/// Values of header fields. Whatever text comes in, one field comes out: control characters become spaces, and all that
/// is not plain goes into encoded words (RFC 2047), whose alphabet has no structure to break out of.
enum MailHeader {
    /// Longer texts are encoded, so that no line needs another way of being folded.
    private static let longestPlain = 60
    /// Bytes in an encoded word: 12 characters around the base64 of 42 bytes make 68, which leaves room for the field's
    /// name in a line of 78.
    private static let wordBytes = 42

    /// A subject or another text for people.
    static func text(_ text: String) -> String {
        let clean = withoutControls(text)
        return isPlain(clean) ? clean : words(clean)
    }

    /// `"Ada Lovelace" <ada@example.org>`, or the address alone.
    static func mailbox(_ mailbox: Mailbox) -> String {
        let name = withoutControls(mailbox.name ?? "")
        guard !name.isEmpty else { return mailbox.address }
        guard isPlain(name) else { return "\(words(name))\r\n <\(mailbox.address)>" }
        let quoted = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(quoted)\"\r\n <\(mailbox.address)>"
    }

    /// Signs of `id` that have no place in it are left out.
    static func messageID(_ id: String, domain: Substring) -> String {
        let allowed = id.unicodeScalars.filter {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789.".unicodeScalars.contains($0))
        }
        return "<\(String(String.UnicodeScalarView(allowed)))@\(domain)>"
    }

    /// RFC 5322 §3.3, in UTC.
    static func date(_ date: Date) -> String {
        date.formatted(
            .verbatim(
                "\(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .defaultDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits) +0000",
                locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt, calendar: Calendar(identifier: .gregorian)))
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= longestPlain && text.utf8.allSatisfy { (0x20...0x7e).contains($0) } && !text.contains("=?")
    }

    private static func withoutControls(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: " "
            default: scalar
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    /// Encoded words with folds between them, which readers take out again; no character is cut in two.
    private static func words(_ text: String) -> String {
        var chunks: [[UInt8]] = [[]]
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if chunks[chunks.count - 1].count + bytes.count > wordBytes { chunks.append([]) }
            chunks[chunks.count - 1] += bytes
        }
        return chunks.map { "=?utf-8?B?\(Data($0).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }
}
