// Re-exported, so that a module which reads settings imports `OnsaleConfiguration` alone.
@_exported import Configuration

extension ConfigReader {
    /// The settings of a process: environment variables over the files of `SECRETS_DIRECTORY`, if that is set, over an
    /// optional `.env` file.
    ///
    /// The key `database.url` names the variable `DATABASE_URL`. A line of the file is `NAME=value`, taken as it stands
    /// (quotes are part of the value); a line that starts with `#` is a comment. In `SECRETS_DIRECTORY`, such as the
    /// `/run/secrets` of container tools, the file `database-url` holds it. Settings are read once, at start-up.
    ///
    /// - Parameters:
    ///   - path: The file; it may be missing, but not unreadable.
    ///   - environment: Variables used in place of the process' own, or nil for those.
    package static func onsale(
        dotEnv path: String = ".env", environment: [String: String]? = nil
    ) async throws(ConfigurationError) -> ConfigReader {
        let variables =
            if let environment {
                EnvironmentVariablesProvider(environmentVariables: environment)
            } else {
                EnvironmentVariablesProvider()
            }
        do {
            let file = try await EnvironmentVariablesProvider(
                environmentFilePath: filePath(path), allowMissing: true)
            let reader = ConfigReader(providers: [variables, file])
            guard let directory = reader.optional("secrets.directory") else { return reader }
            return ConfigReader(providers: [variables, try await secrets(in: directory), file])
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(.unreadableFile, subject: path, allowed: "a readable file or none (\(error))")
        }
    }

    private static func secrets(in directory: String) async throws(ConfigurationError) -> DirectoryFilesProvider {
        do { return try await DirectoryFilesProvider(directoryPath: filePath(directory)) } catch {
            throw ConfigurationError(
                .invalid, subject: "SECRETS_DIRECTORY", given: directory, allowed: "a readable folder (\(error))")
        }
    }

    /// A file path as the library wants it. Generic, because the type's name belongs to swift-system, which is no
    /// dependency of ours.
    private static func filePath<Path: ExpressibleByStringLiteral>(_ text: String) -> Path
    where Path.StringLiteralType == String {
        Path(stringLiteral: text)
    }
}
