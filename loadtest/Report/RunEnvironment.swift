import Foundation

/// Where a run was made, for whoever compares two of them.
struct RunEnvironment: Codable, Equatable, Sendable {
    var host: String
    var system: String
    var kernel: String
    var processor: String
    var cores: Int
    var memoryGB: Double
    /// Of the generator itself: its format of histories and reports changes with it.
    var version: String
    var isOptimised: Bool

    /// The generator's own version.
    static let version = "2"

    static func current() -> RunEnvironment {
        let information = ProcessInfo.processInfo
        #if DEBUG
            let isOptimised = false
        #else
            let isOptimised = true
        #endif
        return RunEnvironment(
            host: information.hostName, system: information.operatingSystemVersionString, kernel: kernel,
            processor: processor, cores: information.activeProcessorCount,
            memoryGB: (Double(information.physicalMemory) / 1e9).rounded(toPlaces: 1), version: version,
            isOptimised: isOptimised)
    }

    private static var kernel: String {
        (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8))
            .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? "unknown"
    }

    /// The first processor's name, or what kind of processor the program was built for.
    private static var processor: String {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        if let line = lines.first(where: { $0.hasPrefix("model name") }), let colon = line.firstIndex(of: ":") {
            return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        #if arch(arm64)
            return "arm64"
        #else
            return "x86_64"
        #endif
    }
}
