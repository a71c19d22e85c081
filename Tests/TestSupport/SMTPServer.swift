package import Foundation

/// A mail server for tests: aiosmtpd, with STARTTLS or TLS from the first byte, a log-in, and failures on request. What
/// it can do is said in `smtp-server.py`.
package final class SMTPServer: Sendable {
    package enum TLS: String, Sendable {
        case starttls, implicit
        /// None; nor is there a log-in.
        case none
    }

    package static let user = "onsale"
    package static let password = "correct horse; battery=staple"

    package let port: Int
    /// What signs the server's certificate: itself.
    package let certificate: URL
    package let process: ServerProcess
    private let folder: URL

    /// - Parameter failEvery: 3 lets one attempt in three fail.
    package init(tls: TLS = .starttls, failEvery: Int = 0) async throws {
        let folder = try temporaryDirectory("smtp")
        self.folder = folder
        certificate = try PostgresServer.makeCertificate(in: folder)
        var arguments = [Self.python, Self.script, "serve", folder.path, "--fail-every", "\(failEvery)"]
        if tls != .none {
            arguments += [
                "--certificate", certificate.path, "--key", folder.appending(path: "server.key").path,
                "--tls", tls.rawValue, "--user", Self.user, "--password", Self.password,
            ]
        }
        process = try ServerProcess(arguments, log: folder.appending(path: "log"))
        let process = process
        let file = folder.appending(path: "port")
        try await eventually("the mail server listens", within: .seconds(60)) {
            guard process.isRunning else { throw ServerError(description: "no mail server: \(process.output)") }
            return FileManager.default.fileExists(atPath: file.path)
        }
        guard let port = Int(try String(contentsOf: file, encoding: .utf8)) else {
            throw ServerError(description: "the mail server has no port")
        }
        self.port = port
    }

    /// The mails that it has taken over, in their order.
    package func accepted() throws -> [ReceivedMail] { try lines("accepted") }

    /// How many mails it has taken over; quicker than to read them.
    package func acceptedCount() throws -> Int {
        try Data(contentsOf: folder.appending(path: "accepted")).count { $0 == UInt8(ascii: "\n") }
    }

    /// Every receiver that was named to it, in their order.
    package func attempts() throws -> [Attempt] { try lines("attempts") }

    package struct Attempt: Decodable, Sendable {
        package let to: String
        /// How the attempt was made to fail.
        package let fate: String?
        package let tls: Bool
    }

    /// What Python's parser makes of mails.
    package static func parse(_ mails: [[UInt8]]) async throws -> [ReceivedMail] {
        let folder = try temporaryDirectory("mail")
        let files = try mails.enumerated().map { number, mail in
            let file = folder.appending(path: "\(number)")
            try Data(mail).write(to: file)
            return file.path
        }
        let process = try ServerProcess([python, script, "parse"] + files, log: folder.appending(path: "log"))
        guard try await process.exitStatus(within: .seconds(60)) == 0 else {
            throw ServerError(description: "the mails were not parsed: \(process.output)")
        }
        return try process.output.split(separator: "\n").map {
            try JSONDecoder().decode(ReceivedMail.self, from: Data($0.utf8))
        }
    }

    private func lines<Line: Decodable>(_ name: String) throws -> [Line] {
        let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        // The last line may be half written.
        return try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    private static let script = folder.appending(path: "smtp-server.py").path
    /// The one that `scripts/test` has installed aiosmtpd for.
    private static let python = folder.deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: ".local/python/bin/python3").path
}

/// A mail as its reader sees it.
package struct ReceivedMail: Decodable, Sendable {
    /// Names of the header fields, in their order.
    package let fields: [String]
    package let subject: String
    /// Name and address of each.
    package let from: [[String]]
    package let to: [[String]]
    /// With its brackets.
    package let id: String
    package let date: String?
    /// `Auto-Submitted`.
    package let automatic: String?
    package let type: String
    /// Type, character set and text of each.
    package let parts: [[String]]
    /// What the parser did not like.
    package let defects: [String]
    /// Bytes of the longest line.
    package let longest: Int
    /// Line ends that are not CRLF.
    package let bare: Int
    /// The envelope, of one that was received.
    package let sender: String?
    package let receivers: [String]?
    package let tls: Bool?
    package let user: String?

    package func text(_ type: String) -> String? { parts.first { $0[0] == type }?[2] }
}
