import Foundation
import Logging
import OnsaleConfiguration
import Synchronization
import Testing

@testable import Observability

@Suite struct LoggingTests {
    private final class Lines: LogOutput {
        private let kept = Mutex<[String]>([])

        func write(_ line: [UInt8]) {
            kept.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }

        var all: [String] { kept.withLock { $0 } }
    }

    private struct Failure: Error, CustomStringConvertible {
        let description = "connection refused"
    }

    private func record(
        _ format: LogFormat, level: Logger.Level = .info, _ body: (inout Logger) -> Void
    ) -> [String] {
        let lines = Lines()
        var logger = Logger(label: "gateway") { label in
            LineLogHandler(label: label, format: format, control: LogControl(level: level), output: lines)
        }
        body(&logger)
        return lines.all
    }

    /// Without the time, which is the first field.
    private func withoutTime(_ line: String) -> String {
        line.replacing(#/^time=\S+ /#, with: "")
    }

    @Test func logfmtLinesHaveTheirFieldsInAFixedOrder() throws {
        let lines = record(.logfmt) { logger in
            logger[metadataKey: LogKey.partition] = "7"
            logger.info("lane.started", metadata: [LogKey.laneEpoch: "3", LogKey.error: "\(Failure())"])
        }
        let line = try #require(lines.first)
        #expect(
            withoutTime(line)
                == "level=info logger=gateway msg=lane.started error=\"connection refused\" lane.epoch=3 partition=7\n")
        #expect(line.contains(#/^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /#))
    }

    @Test func aRecordIsOneLineWhateverItHolds() throws {
        let hostile = "a\nlevel=error msg=\"forged\" \\ \u{7f}\u{1b}[31m\r\t\0"
        for format in LogFormat.allCases {
            let lines = record(format) { logger in
                logger.notice("\(hostile)", metadata: ["k e=y\n": "\(hostile)", "time": "x", "empty": ""])
            }
            let line = try #require(lines.first)
            #expect(line.filter { $0 == "\n" }.count == 1)
            #expect(line.hasSuffix("\n"))
            #expect(line.utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7f })
        }
    }

    @Test func jsonLinesAreObjectsWithDottedKeys() throws {
        let lines = record(.json) { logger in
            logger.error(
                "charge failed",
                metadata: [
                    LogKey.orderID: "abc", "msg": "mine", "list": ["a", "b"], "nested": ["one": "1", "two": "\"2\"\n"],
                ])
        }
        let data = Data(try #require(lines.first).utf8)
        let object = try JSONDecoder().decode([String: String].self, from: data)
        #expect(object["level"] == "error")
        #expect(object["logger"] == "gateway")
        #expect(object["msg"] == "charge failed")
        #expect(object["msg_"] == "mine")
        #expect(object["order.id"] == "abc")
        #expect(object["nested.one"] == "1")
        #expect(object["nested.two"] == "\"2\"\n")
        #expect(object["list"] == "[\"a\", \"b\"]" || object["list"] == "[a, b]")
    }

    @Test func recordsBelowTheLevelAreNotWritten() {
        let write: (inout Logger) -> Void = { logger in
            logger.debug("a")
            logger.info("b")
            logger.warning("c")
        }
        #expect(record(.logfmt, level: .warning, write).count == 1)
        #expect(record(.logfmt, level: .debug, write).count == 3)
    }

    @Test func aLongValueIsCut() throws {
        let lines = record(.logfmt) { $0.info("m", metadata: ["v": "\(String(repeating: "x", count: 100_000))"]) }
        #expect(try #require(lines.first).count < LineLogHandler.maximumValueLength + 200)
    }

    @Test func settingsComeFromTheEnvironment() throws {
        let given = ConfigReader(
            provider: EnvironmentVariablesProvider(environmentVariables: ["LOG_LEVEL": "debug", "LOG_FORMAT": "json"]))
        let configuration = try LoggingConfiguration(config: given)
        #expect(configuration.level == .debug)
        #expect(configuration.format == .json)

        let wrong = ConfigReader(
            provider: EnvironmentVariablesProvider(environmentVariables: ["LOG_LEVEL": "loud"]))
        let error = #expect(throws: ConfigurationError.self) { try LoggingConfiguration(config: wrong) }
        #expect(error?.subject == "LOG_LEVEL")
    }
}
