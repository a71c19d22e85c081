import CoreFoundation  // whose module the compiler takes for that of `timeval` in release builds
import Foundation

/// What the generator itself costs: with it beside the server on one machine, its share must be known.
struct ProcessUsage: Sendable {
    /// User and system time since the process began, in seconds.
    let cpuSeconds: Double
    /// Largest resident set so far, in bytes.
    let peakMemory: Int

    static func now() -> ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return ProcessUsage(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            // Linux counts in KiB.
            peakMemory: usage.ru_maxrss * 1024)
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }
}
