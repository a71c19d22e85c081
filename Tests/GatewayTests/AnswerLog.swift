import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Synchronization

/// Every answer that the gateway's tests see, a JSON line each, for `scripts/check-answers`, which holds them against
/// `openapi.yaml` by a JSON Schema library; Swift has none among our packages.
final class AnswerLog: Sendable {
    /// Written to the file that `ONSALE_ANSWERS` names; nil when it names none.
    static let shared = ProcessInfo.processInfo.environment["ONSALE_ANSWERS"].map { AnswerLog(path: $0) }

    private struct Line: Encodable {
        let method: String
        let path: String
        let status: Int
        let headers: [String: String]
        let body: String
    }

    private let file: Mutex<FileHandle?>

    private init(path: String) {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        file = Mutex(FileHandle(forWritingAtPath: path))
    }

    func write(_ method: HTTPRequest.Method, _ path: String, _ response: TestResponse) throws {
        let line = Line(
            method: method.rawValue, path: path, status: response.status.code,
            headers: Dictionary(response.headers.map { ($0.name.canonicalName, $0.value) }) { "\($0), \($1)" },
            body: String(buffer: response.body))
        let data = try JSONEncoder().encode(line) + Data("\n".utf8)
        try file.withLock { try $0?.write(contentsOf: data) }
    }
}
