import Testing

@testable import PostgresClient

@Suite struct ConfigurationTests {
    @Test func aURLIsReadWithItsParameters() throws {
        let configuration = try PostgresConfiguration(
            url: "postgresql://shop:p%40ss@db.example:6432/tickets?sslmode=verify-full&sslrootcert=/ca.pem")
        let values = configuration.parameters.values
        #expect(values["user"] == "shop")
        #expect(values["password"] == "p@ss")
        #expect(values["host"] == "db.example")
        #expect(values["port"] == "6432")
        #expect(values["dbname"] == "tickets")
        #expect(values["sslmode"] == "verify-full")
        #expect(values["sslrootcert"] == "/ca.pem")
    }

    @Test func theURLWinsOverTheDefaults() throws {
        let plain = try PostgresConfiguration(url: "postgres://h/d").parameters.values
        #expect(plain["keepalives_idle"] == "30")
        let own = try PostgresConfiguration(url: "postgres://h/d?keepalives_idle=7").parameters.values
        #expect(own["keepalives_idle"] == "7")
    }

    @Test func thePasswordIsNeverPrinted() throws {
        let configuration = try PostgresConfiguration(url: "postgres://shop:hunter2@db:5432/tickets")
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("postgres://shop@db:5432/tickets"))
        }
        #expect(configuration.parameters.values["password"] == "hunter2")
    }

    @Test(arguments: [
        "", "hunter2", "mysql://shop:hunter2@db/tickets", "postgres://shop:hunter2%zz@db/tickets",
        "postgres://shop:hunter2@db:port/tickets", "postgres://shop:hunter2@db:99999/tickets",
        "postgres://shop:hunter2@db/tickets?hunter2=1", "postgres://shop:hunter2@[::1/tickets",
        "postgres://db/tickets\0",
    ])
    func aURLThatCannotBeReadIsRefusedWithoutShowingThePassword(url: String) throws {
        let error = try #require(throws: PostgresError.self) { try PostgresConfiguration(url: url) }
        #expect(error.code == .invalidURL)
        #expect(!"\(error)".contains("hunter2"))
    }
}
