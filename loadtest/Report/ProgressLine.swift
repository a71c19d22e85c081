import Foundation

/// One line on standard error that is written over each second on a terminal, and appended elsewhere.
struct ProgressLine: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1

    func show(_ record: LoadRecord, seconds: Double) {
        let inFlight = record.sent - record.refused - record.confirmed - record.cancelled
        let line = String(
            format: "%5.1f s  sent %d  accepted %d  refused %d  confirmed %d  cancelled %d  in flight %d  late %d",
            seconds, record.sent, record.accepted, record.refused, record.confirmed, record.cancelled, inFlight,
            record.lateSends)
        write(isTerminal ? "\r\u{1b}[K" + line : line + "\n")
    }

    /// Ends the line that was written over.
    func end() {
        if isTerminal { write("\n") }
    }

    func note(_ text: String) {
        write((isTerminal ? "\r\u{1b}[K" : "") + text + "\n")
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
