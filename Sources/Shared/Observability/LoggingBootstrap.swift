import Logging

/// Sends the records of all loggers to standard error.
package enum LoggingBootstrap {
    /// Call once, first thing in a process: swift-log stops a process that does it twice.
    package static func bootstrap(_ configuration: LoggingConfiguration) {
        let output = StandardErrorOutput()
        LoggingSystem.bootstrap(
            { label, metadataProvider in
                var handler = LineLogHandler(label: label, configuration: configuration, output: output)
                handler.metadataProvider = metadataProvider
                return handler
            }, metadataProvider: nil)
    }
}
