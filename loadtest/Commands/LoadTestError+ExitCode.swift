import ArgumentParser
import Foundation

extension LoadTestError {
    /// Says on standard error what could not be done, and gives back how the program ends for that.
    func reported() -> ExitCode {
        FileHandle.standardError.write(Data("\(self)\n".utf8))
        return ExitCode(Verdict.failed.rawValue)
    }
}
