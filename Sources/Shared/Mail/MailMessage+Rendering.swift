import Foundation

/// The message in the format of RFC 5322 and MIME. Written by hand: the package index has whole mail clients, but no
/// library that only builds messages; and ours have one shape, all of whose variable parts go through two encodings.
extension MailMessage {
    /// Cannot be in a part: in quoted-printable an equals sign stands before two digits or a line's end (RFC 2045
    /// §6.7).
    private static let boundary = "=_onsale"

    /// Lines end with CRLF. None is longer than 78 bytes, but for an address that is.
    package func rendered() -> [UInt8] {
        let lines = [
            "From: \(MailHeader.mailbox(from))",
            "To: \(MailHeader.mailbox(to))",
            "Subject: \(MailHeader.text(subject))",
            "Date: \(MailHeader.date(date))",
            "Message-ID: \(MailHeader.messageID(id, domain: from.domain))",
            "MIME-Version: 1.0",
            // No out-of-office reply to this (RFC 3834).
            "Auto-Submitted: auto-generated",
            "Content-Type: multipart/alternative; boundary=\"\(Self.boundary)\"",
            "",
            // The last part is the one that a reader prefers (RFC 2046 §5.1.4).
            Self.part("text/plain", text),
            Self.part("text/html", html),
            "--\(Self.boundary)--",
            "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }

    private static func part(_ type: String, _ body: String) -> String {
        [
            "--\(boundary)",
            "Content-Type: \(type); charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            QuotedPrintable.encode(body),
        ].joined(separator: "\r\n")
    }
}
