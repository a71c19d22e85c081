import CCurl
import Threads

/// What is said between us and the mail server about one mail.
///
/// Used by the thread that sends it, by the callbacks of libcurl included.
final class SMTPDialogue {
    let isCancelled: CancellationFlag
    private let body: [UInt8]
    private var position = 0
    /// The verb of the last command that was sent; empty before the first one.
    private(set) var command = ""
    /// The last line that the server has said.
    private(set) var reply = ""
    /// Whether libcurl takes its leave, after a failure.
    private(set) var isOver = false

    private static let verbs: Set = ["EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"]

    /// A reply has at most 512 bytes (RFC 5321 §4.5.3.1.5); of one that has more, so much is kept.
    private static let longestReply = 512

    init(body: [UInt8], isCancelled: CancellationFlag) {
        self.body = body
        self.isCancelled = isCancelled
    }

    static func at(_ context: UnsafeMutableRawPointer) -> SMTPDialogue {
        Unmanaged<SMTPDialogue>.fromOpaque(context).takeUnretainedValue()
    }

    var bodyLength: Int { body.count }

    /// Copies the next bytes of the body; 0 at its end.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, body.count - position)
        buffer.copyBytes(from: body[position..<position + count])
        position += count
        return count
    }

    /// Keeps nothing but verbs of what is sent: there are passwords in it. A failed dialogue ends with `QUIT`, which
    /// must not hide what it failed with.
    func observe(_ kind: curl_infotype, _ text: UnsafeRawBufferPointer) {
        guard !isOver else { return }
        switch kind {
        case CURLINFO_HEADER_OUT:
            let verb = String(decoding: text.prefix { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }, as: UTF8.self)
            if verb == "QUIT" { isOver = true } else if Self.verbs.contains(verb) { command = verb }
        case CURLINFO_HEADER_IN:
            let printable = text.prefix(Self.longestReply).map { (0x20...0x7e).contains($0) ? $0 : 0x20 }
            reply = String(decoding: printable, as: UTF8.self).trimmingBlanks
        default: break
        }
    }

    /// - Parameter said: libcurl's words.
    func error(_ said: String, isAborted: Bool, receiver: String) -> MailError {
        if isAborted { return MailError(.cancelled, "nobody waits any more") }
        let server = reply.isEmpty ? "" : "; \(command.isEmpty ? "greeting" : command): \(reply)"
        let message = (said + server).replacing(receiver, with: "(receiver)")
        return MailError(Self.code(command: command, reply: reply), message)
    }

    /// By the first digit of the reply (RFC 5321 §4.2.1). A refusal is about this mail only where the receiver or the
    /// content is: anywhere else, say at the log-in, every other mail would be refused too, and a person can mend it.
    static func code(command: String, reply: String) -> MailError.Code {
        switch reply.first {
        case "4": .deferred
        case "5" where command == "RCPT" || command == "DATA": .refused
        default: .unavailable
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: String { split(separator: " ").joined(separator: " ") }
}
