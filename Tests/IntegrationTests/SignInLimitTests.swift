import TestSupport
import Testing

@Suite struct SignInLimitTests {
    @Test func twoGatewaysShareTheTriesOfAnAccount() async throws {
        let stack = try await SaleStack(workerSettings: ["LOGIN_LIMIT_ACCOUNT": "4/4h"])
        defer { stack.stop() }
        let port = try freePort()
        try stack.start("onsale-gateway", as: "second-gateway", ["HTTP_PORT": String(port)])
        try await eventually("the second gateway answers", within: .seconds(40)) {
            try await stack.status("/readyz", port: port) == 200
        }
        func login(_ password: String, at port: Int) async throws -> Int {
            try await stack.send(
                "POST", "/api/auth/login",
                body: ["email": .string(SaleStack.adminEmail), "password": .string(password)], port: port
            ).status
        }
        for number in 0..<4 {
            #expect(try await login("wrong", at: number % 2 == 0 ? port : stack.gatewayPort) == 401)
        }
        #expect(try await login(SaleStack.adminPassword, at: port) == 429)
        #expect(try await login(SaleStack.adminPassword, at: stack.gatewayPort) == 429)
    }
}
