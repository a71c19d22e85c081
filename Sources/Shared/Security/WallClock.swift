import Foundation

/// The time of day, which token times are given in. Intervals inside a process use monotonic clocks instead.
package enum WallClock {
    /// Seconds since 1970, UTC.
    package static let seconds: @Sendable () -> Double = { Date().timeIntervalSince1970 }
}
