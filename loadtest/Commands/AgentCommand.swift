import ArgumentParser
import NIOCore
import NIOPosix
import OnsaleConfiguration

/// `loadtest agent`: sends parts of loads for a `loadtest run --agents`.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Sends its part of a load for `loadtest run --agents`.",
        discussion: """
            Needs LOADTEST_AGENT_SECRET in the environment or .env, at least 16 characters, the same for all. What the \
            processes tell each other is not encrypted and holds access tokens: use it in a private network, or \
            through a tunnel.
            """)

    @Option(help: "Address to listen on.")
    var listen = "127.0.0.1:7700"

    @Option(help: "Event loops of the process.")
    var threads = 1

    func validate() throws {
        guard (1...256).contains(threads) else { throw ValidationError("--threads is 1 to 256") }
    }

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let display = LiveDisplay()
        let server = try await AgentServer.listen(
            on: try AgentAddress(listen), secret: try await Self.secret(), group: group, display: display)
        display.note("listening on port \(server.port)")
        try await server.run()
    }

    /// Whoever knows it may have an agent send requests anywhere.
    static func secret() async throws -> String {
        let secret = try await ConfigReader.onsale().required("loadtest.agent.secret", isSecret: true)
        guard secret.utf8.count >= 16 else {
            throw LoadTestError(.invalidOption, "LOADTEST_AGENT_SECRET must have at least 16 characters")
        }
        return secret
    }
}
