import Foundation
import Logging

/// Turns records into lines.
struct LineLogHandler: LogHandler {
    /// Characters of a value that are kept: an error's text can be long, a line should stay readable.
    static let maximumValueLength = 2_048

    /// A logger whose level was set keeps it; all others have the process'.
    var logLevel: Logger.Level {
        get { ownLevel ?? control.level }
        set { ownLevel = newValue }
    }
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let control: LogControl
    private let output: any LogOutput
    private var ownLevel: Logger.Level?

    init(label: String, format: LogFormat, control: LogControl, output: any LogOutput) {
        self.label = label
        self.format = format
        self.control = control
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error, all[LogKey.error] == nil { all[LogKey.error] = "\(error)" }

        var line = LogLine(format: format)
        line.append("time", Self.timestamp(Date()))
        line.append("level", event.level.rawValue)
        line.append("logger", label)
        line.append("msg", event.message.description)
        append(all, prefix: "", to: &line)
        control.count(event.level)
        output.write(line.finished())
    }

    /// Values in the order of their keys; a dictionary's entries get its key and a dot before theirs.
    private func append(_ metadata: Logger.Metadata, prefix: String, to line: inout LogLine) {
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            if case .dictionary(let entries) = value {
                append(entries, prefix: "\(prefix)\(key).", to: &line)
            } else {
                line.append(prefix + key, String(value.description.prefix(Self.maximumValueLength)))
            }
        }
    }

    /// RFC 3339, UTC, milliseconds.
    static func timestamp(_ date: Date) -> String {
        date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }
}
