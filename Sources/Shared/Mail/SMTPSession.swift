import CCurl
import Glibc
import OnsaleConfiguration
import Threads

/// A handle of libcurl, which keeps its connection to the mail server from one mail to the next, and opens a new one
/// when the server has closed it. Blocks the calling thread.
///
/// `@unchecked Sendable`: whoever takes it out of `SMTPMailer.idle` is its only user until it is back there.
final class SMTPSession: @unchecked Sendable {
    /// libcurl wants to be set up once, before any thread uses it.
    private static let isSetUp = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private let handle: UnsafeMutableRawPointer
    /// libcurl's words for its last failure.
    private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(_ configuration: SMTPConfiguration) throws(MailError) {
        guard Self.isSetUp, let handle = curl_easy_init() else {
            throw MailError(.unavailable, "libcurl cannot be set up")
        }
        self.handle = handle
        words[0] = 0
        try Self.set("connection", Self.connect(handle, configuration))
        try Self.set("log-in", Self.logIn(handle, configuration.credentials))
        try Self.set("callbacks", observe())
    }

    deinit {
        cut()
        curl_easy_cleanup(handle)
        words.deallocate()
    }

    /// - Parameter isCancelled: Ends the attempt within about a second.
    func send(_ message: MailMessage, _ isCancelled: CancellationFlag) throws(MailError) {
        let dialogue = SMTPDialogue(body: message.rendered(), isCancelled: isCancelled)
        let receivers = curl_slist_append(nil, message.to.address)
        let context = Unmanaged.passUnretained(dialogue).toOpaque()
        defer {
            curl_slist_free_all(receivers)
            // Nothing of this mail is left in the handle.
            _ = curl_set_list(handle, CURLOPT_MAIL_RCPT, nil)
            for option in Self.contexts { _ = curl_set_context(handle, option, nil) }
        }
        var codes = [
            curl_set_text(handle, CURLOPT_MAIL_FROM, message.from.address),
            curl_set_list(handle, CURLOPT_MAIL_RCPT, receivers),
            curl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(dialogue.bodyLength)),
        ]
        codes += Self.contexts.map { curl_set_context(handle, $0, context) }
        try Self.set("message", codes)
        words[0] = 0
        let code = withExtendedLifetime(dialogue) { curl_easy_perform(handle) }
        guard code != CURLE_OK else { return }
        cut()
        let said = words[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: words)
        throw dialogue.error(
            said, isAborted: code == CURLE_ABORTED_BY_CALLBACK && isCancelled.isSet, receiver: message.to.address)
    }

    /// Cuts the connection if there is one. After a failure the server may still owe an answer, which must not be taken
    /// for one to the next mail; and one that is stuck must not hold up this thread, since libcurl waits for the answer
    /// to its `QUIT` for two minutes.
    private func cut() {
        var descriptor: curl_socket_t = -1
        guard curl_get_socket(handle, &descriptor) == CURLE_OK, descriptor >= 0 else { return }
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Options whose value is handed to the callbacks.
    private static let contexts = [CURLOPT_READDATA, CURLOPT_DEBUGDATA, CURLOPT_XFERINFODATA]

    private static func connect(_ handle: UnsafeMutableRawPointer, _ configuration: SMTPConfiguration) -> [CURLcode] {
        let scheme = configuration.tls == .implicit ? "smtps" : "smtp"
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        let tls =
            switch configuration.tls {
            case .required, .implicit: CURLUSESSL_ALL
            case .optional: CURLUSESSL_TRY
            case .none: CURLUSESSL_NONE
            }
        let timeout = Int(configuration.timeout / .milliseconds(1))
        return [
            curl_set_text(handle, CURLOPT_URL, "\(scheme)://\(host):\(configuration.port)"),
            curl_set_long(handle, CURLOPT_USE_SSL, Int(tls.rawValue)),
            curl_set_long(handle, CURLOPT_TIMEOUT_MS, timeout),
            curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, timeout),
            // Signals would be for the whole process.
            curl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            // A proxy of the environment is for other things than mail.
            curl_set_text(handle, CURLOPT_PROXY, ""),
            curl_set_long(handle, CURLOPT_UPLOAD, 1),
        ] + (configuration.authorityFile.map { [curl_set_text(handle, CURLOPT_CAINFO, $0)] } ?? [])
    }

    private static func logIn(
        _ handle: UnsafeMutableRawPointer, _ credentials: SMTPConfiguration.Credentials?
    ) -> [CURLcode] {
        guard let credentials else { return [] }
        return [
            curl_set_text(handle, CURLOPT_USERNAME, credentials.user),
            curl_set_text(handle, CURLOPT_PASSWORD, String(decoding: credentials.password.bytes, as: UTF8.self)),
        ]
    }

    /// The observer sees what is said, so that a refusal is known to be one; libcurl's own log stays off the terminal.
    private func observe() -> [CURLcode] {
        [
            curl_set_reader(handle) { buffer, size, count, context in
                guard let buffer, let context else { return 0 }
                return SMTPDialogue.at(context).read(
                    into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
            },
            curl_set_observer(handle) { _, kind, text, count, context in
                guard let text, let context else { return 0 }
                SMTPDialogue.at(context).observe(kind, UnsafeRawBufferPointer(start: text, count: count))
                return 0
            },
            curl_set_progress(handle) { context, _, _, _, _ in
                guard let dialogue = context.map(SMTPDialogue.at) else { return 1 }
                // Nor is the answer to a leave-taking waited for, which a server that is stuck would not give.
                return dialogue.isCancelled.isSet || dialogue.isOver ? 1 : 0
            },
            curl_set_long(handle, CURLOPT_VERBOSE, 1),
            curl_set_long(handle, CURLOPT_NOPROGRESS, 0),
            curl_set_text(handle, CURLOPT_ERRORBUFFER, words),
        ]
    }

    private static func set(_ what: String, _ codes: [CURLcode]) throws(MailError) {
        guard let code = codes.first(where: { $0 != CURLE_OK }) else { return }
        throw MailError(.unavailable, "libcurl does not take the \(what): \(String(cString: curl_easy_strerror(code)))")
    }
}
