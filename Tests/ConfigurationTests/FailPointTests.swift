import Testing

@testable import OnsaleConfiguration

@Suite("Fail points")
struct FailPointTests {
    private func reader(_ variables: [String: String]) -> ConfigReader {
        ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables))
    }

    @Test(
        "An unknown point, or a passage that is no positive number, is refused by name",
        arguments: [
            "nowhere", "after-read-before-commit:0", "after-read-before-commit:often", "after-read-before-commit:",
        ])
    func unknown(text: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try FailPoint.arm(config: reader(["FAIL_POINT": text]))
        }
        #expect(error?.subject == "FAIL_POINT")
        #expect(error?.given == text)
        #expect(error?.allowed.contains("after-read-before-commit") == true)
    }

    @Test("Without FAIL_POINT nothing is armed, and passing a point does nothing")
    func unarmed() throws {
        try FailPoint.arm(config: reader([:]))
        for point in FailPoint.allCases {
            #expect(!point.isArmed)
            point.pass()
        }
    }
}
