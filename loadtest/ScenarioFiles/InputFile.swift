import Foundation

/// A file that somebody named on the command line.
struct InputFile {
    let path: String

    func data() throws(LoadTestError) -> Data {
        do {
            return try Data(contentsOf: URL(filePath: path))
        } catch {
            throw LoadTestError(.invalidOption, "\(path) cannot be read", underlying: error)
        }
    }

    func text() throws(LoadTestError) -> String { String(decoding: try data(), as: UTF8.self) }
}
