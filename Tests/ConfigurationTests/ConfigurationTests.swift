import FoundationEssentials
import OnsaleConfiguration
import Testing

@Suite struct SettingTests {
    /// A reader of environment variables alone.
    private func reader(_ variables: [String: String]) -> ConfigReader {
        ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables))
    }

    @Test func aRequiredVariableThatIsMissingOrEmptyIsNamedAsTheVariable() {
        for variables in [[:], ["DATABASE_URL": ""]] {
            let error = #expect(throws: ConfigurationError.self) {
                try reader(variables).required("database.url")
            }
            #expect(error?.code == .missing)
            #expect(error?.subject == "DATABASE_URL")
            #expect(error?.description == "DATABASE_URL is not set; it must be a non-empty text")
        }
    }

    @Test func aRequiredVariableIsReadAndParsed() throws {
        let reader = reader(["DATABASE_URL": "postgres://h/db", "METRICS_PORT": "9464"])
        #expect(try reader.required("database.url") == "postgres://h/db")
        #expect(try reader.required("metrics.port", as: UInt16.self, allowed: "a port") { UInt16($0) } == 9464)
    }

    @Test func aWholeNumberOutOfRangeSaysWhatWasGivenAndWhatIsAllowed() throws {
        for text in ["0", "4097", "-1", "16.0", "sixteen", "99999999999999999999", " 16x"] {
            let error = #expect(throws: ConfigurationError.self) {
                try reader(["PARTITIONS": text]).int("partitions", default: 16, in: 1...4096)
            }
            #expect(error?.code == .invalid)
            #expect(error?.given == text)
            #expect(error?.description == "PARTITIONS is \"\(text)\"; it must be a whole number from 1 to 4096")
        }
        #expect(try reader(["PARTITIONS": "4096"]).int("partitions", default: 16, in: 1...4096) == 4096)
        #expect(try reader(["PARTITIONS": ""]).int("partitions", default: 16, in: 1...4096) == 16)
        #expect(try reader([:]).int("partitions", default: 16, in: 1...4096) == 16)
    }

    @Test func typedValuesOfAnInMemoryProviderAreReadLikeText() throws {
        let reader = ConfigReader(
            provider: InMemoryProvider(values: [
                "http.port": 8081, "lane.lease.seconds": 15, "tls": true, "jwt.issuer": "onsale",
                "cors.origins": .init(.stringArray(["a", "b"]), isSecret: false),
            ]))
        #expect(try reader.int("http.port", default: 8080, in: 0...65535) == 8081)
        #expect(throws: ConfigurationError.self) { try reader.int("http.port", default: 80, in: 0...8080) }
        let range = Duration.seconds(1)...Duration.seconds(60)
        #expect(try reader.duration("lane.lease.seconds", default: .seconds(10), in: range) == .seconds(15))
        #expect(try reader.flag("tls", default: false))
        #expect(try reader.list("cors.origins") == ["a", "b"])
        #expect(reader.text("jwt.issuer", default: "other") == "onsale")
    }

    @Test(arguments: [
        ("10", Duration.seconds(10)), ("0.5", .milliseconds(500)), ("250ms", .milliseconds(250)),
        ("10s", .seconds(10)), ("5m", .seconds(300)), ("2h", .seconds(7200)), ("1d", .seconds(86_400)),
    ])
    func aDurationIsSecondsOrANumberWithAUnit(text: String, expected: Duration) throws {
        let range = Duration.milliseconds(1)...Duration.seconds(86_400)
        #expect(try reader(["HOLD": text]).duration("hold", default: .seconds(1), in: range) == expected)
    }

    @Test(arguments: ["ten", "10x", "-1", "1e3", "nan", "0x10", "2d", "s", "1.2.3", "99999999999999999999999"])
    func aDurationOfAnotherFormOrOutOfRangeIsRefused(text: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try reader(["HOLD": text]).duration(
                "hold", default: .seconds(1), in: Duration.zero...Duration.seconds(86_400))
        }
        #expect(error?.given == text)
    }

    @Test func aSecretThatIsTooShortIsNeverShown() throws {
        let short = "hunter2-hunter2"
        let error = #expect(throws: ConfigurationError.self) {
            try reader(["JWT_SECRET": short]).secret("jwt.secret", minimumBytes: 32)
        }
        #expect(error?.given == nil)
        #expect(error.map { !"\($0)".contains("hunter2") && "\($0)".contains("JWT_SECRET") } == true)

        let secret = try reader(["JWT_SECRET": String(repeating: "s", count: 32)])
            .secret("jwt.secret", minimumBytes: 32)
        #expect(secret.bytes.count == 32)
        var dumped = ""
        dump(secret, to: &dumped)
        #expect("\(secret)\(String(reflecting: secret))\(dumped)".contains("sss") == false)
    }

    @Test func aSecretUrlThatDoesNotParseIsNeverShown() {
        let error = #expect(throws: ConfigurationError.self) {
            try reader(["REDIS_URL": "redis://:pass@"]).required(
                "redis.url", as: Int.self, allowed: "redis://HOST:PORT", isSecret: true
            ) { _ in nil }
        }
        #expect(error?.description == "REDIS_URL is not usable (value withheld); it must be redis://HOST:PORT")
    }

    @Test func listsDropBlanksAndAreBounded() throws {
        let reader = reader(["CORS_ORIGINS": " https://a.example , ,https://b.example,"])
        #expect(try reader.list("cors.origins") == ["https://a.example", "https://b.example"])
        #expect(try reader.list("other") == [])
        #expect(throws: ConfigurationError.self) { try reader.list("cors.origins", maximumCount: 1) }
    }

    private enum Format: String, CaseIterable {
        case logfmt, json
    }

    @Test func aChoiceListsItsWordsWhenAnotherIsGiven() throws {
        #expect(try reader(["LOG_FORMAT": "json"]).choice("log.format", default: Format.logfmt) == .json)
        #expect(try reader([:]).choice("log.format", default: Format.logfmt) == .logfmt)
        let error = #expect(throws: ConfigurationError.self) {
            try reader(["LOG_FORMAT": "xml"]).choice("log.format", default: Format.logfmt)
        }
        #expect(error?.description == "LOG_FORMAT is \"xml\"; it must be logfmt, json")
    }

    @Test func aFlagIsAWordOfTwoSets() throws {
        #expect(try reader(["X": "YES"]).flag("x", default: false))
        #expect(try reader(["X": "0"]).flag("x", default: true) == false)
        #expect(try reader([:]).flag("x", default: true))
        #expect(throws: ConfigurationError.self) { try reader(["X": "maybe"]).flag("x", default: true) }
    }
}

@Suite struct DotEnvTests {
    private func withFile(_ contents: String?, _ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/onsale-\(UUID().uuidString).env"
        if let contents { try Data(contents.utf8).write(to: URL(filePath: path)) }
        defer { try? FileManager.default.removeItem(atPath: path) }  // a file the test never made is fine
        try await body(path)
    }

    @Test func environmentVariablesStandOverTheFile() async throws {
        try await withFile("# comment\nHTTP_PORT=1111\n\nHTTP_HOST = 0.0.0.0 \nJWT_SECRET=a=b\n") { path in
            let reader = try await ConfigReader.onsale(dotEnv: path, environment: ["HTTP_PORT": "2222"])
            #expect(try reader.int("http.port", default: 8080) == 2222)
            #expect(reader.text("http.host", default: "127.0.0.1") == "0.0.0.0")
            #expect(try reader.required("jwt.secret") == "a=b")
        }
    }

    @Test func aMissingFileIsNoError() async throws {
        try await withFile(nil) { path in
            let reader = try await ConfigReader.onsale(dotEnv: path, environment: [:])
            #expect(try reader.int("http.port", default: 8080) == 8080)
        }
    }

    @Test func aPathThatCannotBeReadIsAnError() async throws {
        let directory = FileManager.default.temporaryDirectory.path
        let error = await #expect(throws: ConfigurationError.self) {
            try await ConfigReader.onsale(dotEnv: directory, environment: [:])
        }
        #expect(error?.code == .unreadableFile)
        #expect(error?.subject == directory)
    }

    @Test func secretsMayBeFilesOfAFolder() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("secrets-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // What is left in the temporary folder harms no test.
        defer { try? FileManager.default.removeItem(at: folder) }
        try "from a file\n".write(to: folder.appendingPathComponent("jwt-secret"), atomically: true, encoding: .utf8)
        try "old".write(to: folder.appendingPathComponent("redis-url"), atomically: true, encoding: .utf8)
        let reader = try await ConfigReader.onsale(
            dotEnv: "/nonexistent/.env", environment: ["SECRETS_DIRECTORY": folder.path, "REDIS_URL": "new"])
        #expect(try reader.required("jwt.secret") == "from a file")
        #expect(try reader.required("redis.url") == "new", "the environment wins")
        let error = await #expect(throws: ConfigurationError.self) {
            try await ConfigReader.onsale(
                dotEnv: "/nonexistent/.env", environment: ["SECRETS_DIRECTORY": folder.path + "/none"])
        }
        #expect(error?.description.hasPrefix("SECRETS_DIRECTORY is") == true)
    }

    @Test func theProcessEnvironmentIsReadByDefault() async throws {
        let reader = try await ConfigReader.onsale(dotEnv: "/nonexistent/.env")
        #expect(reader.optional("path") == ProcessInfo.processInfo.environment["PATH"])
    }
}
