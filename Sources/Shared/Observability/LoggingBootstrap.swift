import Glibc
package import Logging

/// Sends the records of all loggers to standard error.
package enum LoggingBootstrap {
    /// Call once, first thing in a process: swift-log stops a process that does it twice.
    ///
    /// - Parameter metadataProvider: What each record gets beside its own metadata, such as the trace it is made in.
    /// - Returns: The level of all loggers, to be changed by `LogLevelSignals`.
    @discardableResult
    package static func bootstrap(
        _ configuration: LoggingConfiguration, metadataProvider: Logger.MetadataProvider? = nil
    ) -> LogControl {
        let output = StandardErrorOutput()
        let control = LogControl(level: configuration.level)
        // Until `LogLevelSignals` runs they would end the process, which is not what whoever sends them wants.
        signal(SIGUSR1, SIG_IGN)
        signal(SIGUSR2, SIG_IGN)
        LoggingSystem.bootstrap(
            { label, metadataProvider in
                var handler = LineLogHandler(
                    label: label, format: configuration.format, control: control, output: output)
                handler.metadataProvider = metadataProvider
                return handler
            }, metadataProvider: metadataProvider)
        return control
    }
}
