import Foundation
import TestSupport
import Testing

@testable import Mail

/// What a reader makes of our mails; the reader is Python's `email`.
@Suite struct MailMessageTests {
    private static let fields = [
        "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "Content-Type",
    ]

    private static func read(_ messages: [MailMessage]) async throws -> [ReceivedMail] {
        let mails = try await SMTPServer.parse(messages.map { $0.rendered() })
        #expect(mails.count == messages.count)
        for mail in mails {
            #expect(mail.fields == fields, "no field more, none less")
            #expect(mail.defects == [])
            #expect(mail.bare == 0)
            #expect(mail.longest <= 78)
            #expect(mail.type == "multipart/alternative")
            #expect(mail.parts.map { $0[0] } == ["text/plain", "text/html"])
        }
        return mails
    }

    @Test func `A reader finds what was written`() async throws {
        let mail = try await Self.read([
            .sample(name: "Ada Lovelace", text: "Hello,\nÄpfel = 3 € 🎟\n.\n..\nend  \n", html: "<p>Ä</p>\n")
        ])[0]
        #expect(mail.subject == "Your tickets")
        #expect(mail.from == [["Onsale", "tickets@example.org"]])
        #expect(mail.to == [["Ada Lovelace", "ada@example.com"]])
        #expect(mail.id == "<mail.1.2@example.org>")
        #expect(mail.date == "2030-03-17T17:46:40+00:00")
        #expect(mail.automatic == "auto-generated")
        #expect(mail.parts.map { $0[1] } == ["utf-8", "utf-8"])
        #expect(mail.text("text/plain")?.replacing("\r\n", with: "\n") == "Hello,\nÄpfel = 3 € 🎟\n.\n..\nend  \n")
        #expect(mail.text("text/html")?.replacing("\r\n", with: "\n") == "<p>Ä</p>\n")
    }

    @Test func `Any subject arrives as it was`() async throws {
        let subjects = [
            "Überraschung für Ümläut", "Ночь музыки на старой набережной, вход с пяти часов вечера, билеты у входа",
            String(repeating: "🎟", count: 20), "=?utf-8?B?QWRh?=",
            "An = sign, \"quotes\" and <brackets>, (comments)", String(repeating: "long ", count: 60) + "end",
            String(repeating: "x", count: 300), "日本語の題名" + String(repeating: "が", count: 60),
        ]
        let mails = try await Self.read(subjects.map { .sample(name: $0, subject: $0) })
        for (mail, subject) in zip(mails, subjects) {
            #expect(mail.subject == subject)
            #expect(mail.to.map { $0[1] } == ["ada@example.com"])
            // In names Python's parser leaves the folds between encoded words as spaces, against RFC 2047 §6.2.
            #expect(Self.dense(mail.to[0][0]) == Self.dense(subject))
        }
    }

    /// The characters that end a line or a field somewhere.
    @Test func `No text breaks out of its field`() async throws {
        let texts = [
            "x\r\nBcc: eve@example.org", "x\nBcc: eve@example.org", "x\rBcc: eve@example.org",
            "x\r\n\r\n<script>", "x\u{0}y\u{b}z", "x\u{85}Bcc: eve@example.org", "x\u{2028}Bcc: eve@example.org",
            "\" <eve@example.org>, \"", "\\\" <eve@example.org>,", "Ada\\", "Ä\r\nBcc: eve@example.org",
            String(repeating: "ä", count: 100) + "\r\nBcc: eve@example.org",
        ]
        let mails = try await Self.read(texts.map { .sample(name: $0, subject: $0, text: $0, html: $0) })
        for (mail, text) in zip(mails, texts) {
            #expect(mail.to.map { $0[1] } == ["ada@example.com"])
            let clean = text.unicodeScalars.filter { $0.value > 0x20 && $0.value != 0x85 && $0.value != 0x2028 }
            #expect(Self.dense(mail.subject) == Self.dense(String(String.UnicodeScalarView(clean))))
            #expect(Self.dense(mail.to[0][0]) == Self.dense(mail.subject))
        }
    }

    @Test func `A message id has no sign that ends it`() async throws {
        let mail = try await Self.read([.sample(id: "a.1>\r\nBcc: eve@example.org <b")])[0]
        #expect(mail.id == "<a.1Bcceveexample.orgb@example.org>")
    }

    private static func dense(_ text: String) -> String { text.replacing(" ", with: "") }

    @Test func `Bodies of any line ends and lengths arrive, in short lines`() async throws {
        let text =
            "a\r\nb\rc\nd \n\te\t\n" + String(repeating: "0123456789=", count: 200)
            + "\n--=_onsale--\nFrom here\n"
        let mail = try await Self.read([.sample(text: text)])[0]
        let expected = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        #expect(mail.text("text/plain")?.replacing("\r\n", with: "\n") == expected)
    }
}
