/// One thing that goes wrong, and what it goes wrong with.
struct Fault: Equatable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// SIGKILL, and a start some time later.
        case kill
        /// An orderly end, and a start at once.
        case restart
        /// SIGSTOP, and SIGCONT some time later.
        case pause
        /// The same for a worker, for longer than its lease.
        case pauseBeyondLease = "pause beyond the lease"
        /// What goes through a link comes late.
        case delay
        /// Nothing comes through a link, and nobody is told.
        case blackHole = "black hole"
        /// All connections of a link are reset.
        case reset
        /// The same, and new ones are as well.
        case cut
        /// Replies under way on a link end in the middle.
        case cutReply = "cut in a reply"

        /// What it can happen to.
        var targets: [Target] {
            switch self {
            case .kill, .restart, .pause: Target.gateways + Target.workers + [.redis, .postgres]
            case .pauseBeyondLease: Target.workers
            case .delay, .blackHole, .reset, .cut, .cutReply:
                [.link(.clients)]
                    + (Target.gateways + Target.workers).flatMap { [.link(.redis($0)), .link(.postgres($0))] }
            }
        }

        /// How long it lasts, in milliseconds. A lease is one second here, and Redis' client gives a silent server two.
        var milliseconds: ClosedRange<Int> {
            switch self {
            case .kill: 100...1_000
            case .restart, .reset, .cutReply: 0...0
            case .pause: 100...900
            case .pauseBeyondLease: 1_500...3_000
            case .delay, .blackHole, .cut: 300...3_000
            }
        }
    }

    indirect enum Target: Hashable, Sendable, CustomStringConvertible {
        case gateway(Int)
        case worker(Int)
        case redis
        case postgres
        case link(Link)

        enum Link: Hashable, Sendable {
            /// From the buyers to all gateways.
            case clients
            /// From one process to a server.
            case redis(Target)
            case postgres(Target)
        }

        static let gateways = (1...2).map { Target.gateway($0) }
        static let workers = (1...3).map { Target.worker($0) }

        var description: String {
            switch self {
            case .gateway(let number): "gateway-\(number)"
            case .worker(let number): "worker-\(number)"
            case .redis: "redis"
            case .postgres: "postgres"
            case .link(.clients): "clients to gateways"
            case .link(.redis(let process)): "\(process) to redis"
            case .link(.postgres(let process)): "\(process) to postgres"
            }
        }
    }

    let kind: Kind
    let target: Target
    /// From the start of the schedule.
    let begins: Duration
    let lasts: Duration
    /// By how much a delay makes things late, and after how many bytes a reply ends.
    let amount: Int

    var ends: Duration { begins + lasts }
}

extension Fault: CustomStringConvertible {
    var description: String {
        switch kind {
        case .delay: "\(kind.rawValue) by \(amount) ms of \(target), for \(lasts)"
        case .cutReply: "\(kind.rawValue) after \(amount) bytes of \(target)"
        case .restart, .reset: "\(kind.rawValue) of \(target)"
        case .kill, .pause, .pauseBeyondLease, .blackHole, .cut: "\(kind.rawValue) of \(target), for \(lasts)"
        }
    }
}
