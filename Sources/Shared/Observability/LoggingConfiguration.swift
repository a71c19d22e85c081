package import Logging
package import OnsaleConfiguration

/// What is logged and in which form.
///
/// | variable | default | allowed |
/// | --- | --- | --- |
/// | `LOG_LEVEL` | `info` | trace, debug, info, notice, warning, error, critical |
/// | `LOG_FORMAT` | `logfmt` | logfmt, json |
package struct LoggingConfiguration: Sendable {
    package var level: Logger.Level
    package var format: LogFormat

    package init(level: Logger.Level = .info, format: LogFormat = .logfmt) {
        self.level = level
        self.format = format
    }

    package init(config: ConfigReader) throws(ConfigurationError) {
        self.init(
            level: try config.choice("log.level", default: .info),
            format: try config.choice("log.format", default: .logfmt))
    }
}
