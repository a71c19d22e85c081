import Foundation
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import IntegrationTests

/// Two gateways, three workers, Redis and Postgres, with a link of its own between any two that speak to each other.
final class ChaosStack: Sendable {
    let sale: SaleStack
    let clients: Link
    private let links: [Fault.Target.Link: Link]
    private let gatewayPorts: [Fault.Target: Int]
    private let workerSettings: [String: String]
    /// Processes of ours that are meant to run.
    private let meantToRun = Mutex<Set<Fault.Target>>([])
    /// Those that have ended although nobody ended them.
    private let deserters = Mutex<[String]>([])

    /// Starts all and waits until the gateways are ready.
    init(workerSettings: [String: String]) async throws {
        sale = try await SaleStack(
            redis: .server,
            // What is stopped in an orderly way, in the middle of its work, is not to take as long as in production.
            workerSettings: ["GATEWAY_DRAIN_SECONDS": "2", "SHUTDOWN_SECONDS": "2"], starts: false)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        var links: [Fault.Target.Link: Link] = [:]
        var ports: [Fault.Target: Int] = [:]
        for gateway in Fault.Target.gateways { ports[gateway] = try freePort() }
        for process in Fault.Target.gateways + Fault.Target.workers {
            links[.redis(process)] = try await Link.open(to: [sale.redisServer.port], on: loop)
            links[.postgres(process)] = try await Link.open(to: [sale.postgres.port], on: loop)
        }
        clients = try await Link.open(to: ports.values.sorted(), on: loop)
        links[.clients] = clients
        self.links = links
        self.gatewayPorts = ports
        self.workerSettings = workerSettings
        for process in Fault.Target.gateways + Fault.Target.workers { try start(process) }
        for port in ports.values {
            try await eventually("the gateways are ready", within: .seconds(40)) {
                try await sale.status("/readyz", port: port) == 200
            }
        }
    }

    // MARK: Faults

    func begin(_ fault: Fault) async throws {
        switch fault.kind {
        case .kill: try await end(fault.target, by: SIGKILL)
        case .restart: try await end(fault.target, by: SIGTERM)
        case .pause, .pauseBeyondLease: signal(SIGSTOP, to: fault.target)
        case .delay: try await link(fault).disturb(.delay(.milliseconds(Int64(fault.amount))))
        case .blackHole: try await link(fault).disturb(.blackHole)
        case .cut: try await link(fault).disturb(.cut)
        case .reset: try await link(fault).reset()
        case .cutReply: try await link(fault).cutNextReplies(after: fault.amount)
        }
    }

    func heal(_ fault: Fault) async throws {
        switch fault.kind {
        case .kill, .restart:
            switch fault.target {
            case .redis: try await sale.redisServer.restart()
            case .postgres: try await blocking { try self.sale.postgres.start() }
            default: try start(fault.target)
            }
        case .pause, .pauseBeyondLease: signal(SIGCONT, to: fault.target)
        case .delay, .blackHole, .cut: try await link(fault).heal()
        // Over as soon as they have happened.
        case .reset, .cutReply: break
        }
    }

    private func link(_ fault: Fault) throws -> Link {
        guard case .link(let name) = fault.target, let link = links[name] else {
            throw ServerError(description: "\(fault.target) is no link")
        }
        return link
    }

    // MARK: Processes

    private func start(_ process: Fault.Target) throws {
        var settings: [String: String] = [:]
        if let link = links[.redis(process)] { settings["REDIS_URL"] = sale.redisServer.url(port: link.port) }
        if let link = links[.postgres(process)] {
            settings["DATABASE_URL"] = sale.databaseURL.replacing(":\(sale.postgres.port)/", with: ":\(link.port)/")
        }
        if let port = gatewayPorts[process] {
            try sale.start("onsale-gateway", as: "\(process)", settings.merging(["HTTP_PORT": "\(port)"]) { $1 })
        } else {
            settings["METRICS_PORT"] = "0"
            try sale.start("onsale-worker", as: "\(process)", settings.merging(workerSettings) { $1 })
        }
        meantToRun.withLock { _ = $0.insert(process) }
    }

    private func end(_ target: Fault.Target, by signal: Int32) async throws {
        meantToRun.withLock { _ = $0.remove(target) }
        switch target {
        case .redis: try await blocking { self.sale.redisServer.stop(signal) }
        // An orderly end that does not wait for its clients is SIGINT there.
        case .postgres: try await blocking { self.sale.postgres.stop(signal == SIGTERM ? SIGINT : signal) }
        default: try await blocking { _ = self.sale.process("\(target)")?.stop(signal) }
        }
    }

    private func signal(_ signal: Int32, to target: Fault.Target) {
        switch target {
        case .redis: sale.redisServer.signal(signal)
        case .postgres: sale.postgres.signalAll(signal)
        default: sale.process("\(target)")?.signal(signal)
        }
    }

    /// Starts again, as a service manager does, what has ended by itself; until it is cancelled.
    func supervise() async throws {
        while true {
            for process in meantToRun.withLock({ $0 }) where sale.process("\(process)")?.isRunning == false {
                // The nemesis may have been quicker.
                guard meantToRun.withLock({ $0.remove(process) }) != nil else { continue }
                let output = sale.process("\(process)")?.output ?? ""
                deserters.withLock { $0.append("\(process) has ended by itself: \(output.suffix(600))") }
                try start(process)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    var endedByThemselves: [String] { deserters.withLock { $0 } }

    /// Ends all processes in an orderly way, and tells which did not end so.
    func stop() async throws -> [String] {
        var stubborn: [String] = []
        for process in Fault.Target.gateways + Fault.Target.workers {
            meantToRun.withLock { _ = $0.remove(process) }
            guard let running = sale.process("\(process)") else { continue }
            running.signal(SIGTERM)
            do {
                let status = try await running.exitStatus(within: .seconds(20))
                if status != 0 { stubborn.append("\(process) ended with \(status): \(running.output.suffix(600))") }
            } catch {
                running.stop(SIGKILL)
                stubborn.append("\(process) did not end: \(running.output.suffix(600))")
            }
        }
        for link in links.values { try await link.close() }
        return stubborn
    }
}
