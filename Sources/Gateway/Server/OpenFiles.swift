import Glibc

/// How many descriptors, which are connections above all, the process may have.
enum OpenFiles {
    /// Raises the limit to what the system allows: shells give a process 1,024, and the rest only when it asks.
    /// - Returns: The limit from now on.
    @discardableResult
    static func raiseLimit() -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return 1_024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
