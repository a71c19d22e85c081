import Foundation
import Synchronization

/// Where finished log lines go.
protocol LogOutput: Sendable {
    /// Takes one line with its line feed.
    func write(_ line: [UInt8])
}

/// Standard error. A line is one piece, also when several threads write; a line that cannot be written is lost.
final class StandardErrorOutput: LogOutput {
    /// Held for one `write`, so that long lines do not run into each other.
    private let lock = Mutex(())

    func write(_ line: [UInt8]) {
        lock.withLock { _ in
            line.withUnsafeBytes { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let written = Foundation.write(
                        STDERR_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if written > 0 {
                        rest = rest.dropFirst(written)
                    } else if errno != EINTR {
                        return
                    }
                }
            }
        }
    }
}
