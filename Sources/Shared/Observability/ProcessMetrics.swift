import Foundation

/// What the system knows of this process, under the names that all Prometheus clients use. Read at each scrape.
package enum ProcessMetrics {
    package static func show(in registry: PrometheusRegistry) {
        registry.counter("process_cpu_seconds", "User and system CPU time spent.") { cpuSeconds }
        registry.gauge("process_resident_memory_bytes", "Resident memory.") { pages(1) }
        registry.gauge("process_virtual_memory_bytes", "Virtual memory.") { pages(0) }
        registry.gauge("process_open_fds", "Open file descriptors.") { openDescriptors }
        registry.gauge("process_max_fds", "Most file descriptors that may be open.") { descriptorLimit }
        registry.gauge("process_threads", "Threads.") { statField(19) }
        let start = startTime
        registry.gauge("process_start_time_seconds", "When the process was started, Unix time.") { start }
    }

    private static var cpuSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// A field of /proc/self/statm, in bytes.
    private static func pages(_ index: Int) -> Double {
        let fields = text("/proc/self/statm").split(separator: " ")
        guard index < fields.count, let count = Double(fields[index]) else { return .nan }
        return count * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static var openDescriptors: Double {
        guard let directory = opendir("/proc/self/fd") else { return .nan }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        // Without the one that this look has opened.
        return Double(count - 1)
    }

    private static var descriptorLimit: Double {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .nan }
        return Double(limit.rlim_cur)
    }

    /// Its start in clock ticks after the machine's, and the machine's in Unix time.
    private static var startTime: Double {
        let boot = text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst("btime ".count)) }
        return (boot ?? .nan) + statField(21) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// A field of /proc/self/stat, counted from 0. The second is the program's name, which may hold anything.
    private static func statField(_ index: Int) -> Double {
        let fields = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        return index - 2 < fields.count ? Double(fields[index - 2]) ?? .nan : .nan
    }

    /// A file of /proc, which has no size to read by; nothing where it cannot be read.
    private static func text(_ path: String) -> String {
        guard let file = FileHandle(forReadingAtPath: path) else { return "" }
        // Without the file there are no figures, and each of them shows as NaN.
        return String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    }
}
