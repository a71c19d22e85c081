import OnsaleConfiguration
import Ticketing

/// How the gateway serves.
///
/// | variable | default | allowed | secret |
/// | --- | --- | --- | --- |
/// | `HTTP_HOST` | `127.0.0.1` | not empty | no |
/// | `HTTP_PORT` | 8080 | 0 (any free port) to 65535 | no |
/// | `GATEWAY_PORT_FILE` | none | a path that the bound port is written to once the gateway listens | no |
/// | `WEB_ROOT` | none: there is no web app | a folder that `make web` has built | no |
/// | `METRICS_HOST` | `127.0.0.1` | not empty | no |
/// | `GATEWAY_METRICS_PORT` | none: `/metrics` is on `HTTP_PORT` | 0 (any free port) to 65535 | no |
/// | `PARTITIONS` | 16 | 1 to 4096, the same in all of the deployment | no |
/// | `ORDER_ID_SECRET` | required | at least 32 bytes; never changed, or retries would name other orders | yes |
/// | `STRIPE_WEBHOOK_SECRET` | none: every webhook is refused | at least 16 bytes | yes |
/// | `PAYMENT_PROVIDER` | `simulated` | or `stripe`: then a purchase must name its payment method | no |
/// | `CORS_ORIGINS` | none | up to 100 origins with commas between them | no |
/// | `GATEWAY_POSTGRES_CONNECTIONS` | 8 | 1 to 64 | no |
/// | `DATABASE_REPLICA_URL` | none | a replica of Postgres, for lists and reports | yes |
/// | `CONNECTION_LIMIT` | 50000 | 1 to 1000000 | no |
/// | `GATEWAY_STOP_DELAY` | 0 | 0 to 300 s: how long a stopping gateway says so and goes on serving | no |
/// | `GATEWAY_DRAIN_SECONDS` | 20 | 1 to 300: how long a stopping gateway finishes what it has begun | no |
struct GatewayConfiguration: Sendable {
    var host = "127.0.0.1"
    var port = 8080
    var portFile: String?
    /// The folder of the web app.
    var webRoot: String?
    var metricsHost = "127.0.0.1"
    /// Where metrics are, when not among the routes of the API.
    var metricsPort: Int?
    var partitioning: Partitioning
    var orderIDSecret: Secret
    var corsOrigins: [String] = []
    var paymentProvider = PaymentProvider.simulated
    /// What Stripe signs its webhooks with.
    var stripeWebhookSecret: Secret?
    /// Postgres is not on the purchase path, so a few connections carry what a gateway asks of it.
    var postgresConnections = 8
    /// Where lists and reports are read, when not where everything is.
    var replicaURL: String?
    /// Load balancers must see in `/readyz` that the gateway stops before it closes its door: two or three of their looks.
    /// Without one it only makes stopping slow.
    var stopDelay: Duration = .zero
    var drainTime: Duration = .seconds(20)
    var sessions = SessionConfiguration()
    var requestLimits = RequestLimits()
    var limits = GatewayLimits()

    init(partitioning: Partitioning = Partitioning(count: 16), orderIDSecret: Secret) {
        self.partitioning = partitioning
        self.orderIDSecret = orderIDSecret
    }

    init(config: ConfigReader) throws(ConfigurationError) {
        self.init(
            partitioning: Partitioning(count: try config.int("partitions", default: 16, in: Partitioning.allowed)),
            orderIDSecret: try config.secret("order.id.secret", minimumBytes: 32))
        host = config.text("http.host", default: host)
        port = try config.int("http.port", default: port, in: 0...65_535)
        portFile = config.optional("gateway.port.file")
        webRoot = config.optional("web.root")
        metricsHost = config.text("metrics.host", default: metricsHost)
        if config.optional("gateway.metrics.port") != nil {
            metricsPort = try config.int("gateway.metrics.port", default: 0, in: 0...65_535)
        }
        corsOrigins = try config.list("cors.origins")
        paymentProvider = try config.choice("payment.provider", default: paymentProvider)
        if config.optional("stripe.webhook.secret", isSecret: true) != nil {
            stripeWebhookSecret = try config.secret("stripe.webhook.secret", minimumBytes: 16)
        }
        postgresConnections = try config.int("gateway.postgres.connections", default: postgresConnections, in: 1...64)
        replicaURL = config.optional("database.replica.url", isSecret: true)
        stopDelay = try config.duration("gateway.stop.delay", default: stopDelay, in: .zero ... .seconds(300))
        drainTime = try config.duration(
            "gateway.drain.seconds", default: drainTime, in: Duration.seconds(1)...Duration.seconds(300))
        sessions = try SessionConfiguration(config: config)
        requestLimits = try RequestLimits(config: config)
        limits.connections = try config.int("connection.limit", default: limits.connections, in: 1...1_000_000)
    }
}

/// The numbers that bound the gateway; what happens beyond each of them is said beside it.
struct GatewayLimits: Sendable {
    // Connections.
    /// Connections the kernel keeps until they are accepted; beyond, it drops the SYN and the client tries again.
    /// The kernel takes the lower of this and net.core.somaxconn (4096 by default).
    var listenBacklog = 4_096
    /// Connections accepted in one turn of the event loop (NIO's default is 4): a burst of 20,000 connects is taken
    /// in 80 turns.
    var acceptsPerTurn = 256
    /// Connections at once, about 10 KB each: more than long polls can be held. Beyond: they stand in the kernel's
    /// queue until one ends. The process' limit of descriptors makes it lower (`OpenFiles`).
    var connections = 50_000
    /// Descriptors for everything that is not a connection of a client.
    static let ownDescriptors = 256
    /// A request must be there as a whole so long after its first byte: 64 KB in it are 26 kbit/s. Beyond: the
    /// connection is closed.
    var requestTime: Duration = .seconds(20)
    /// Bytes that are read from a connection in one turn of the event loop: 400 of the smallest requests, whose answers
    /// have 250 KB. As many may wait for a client that does not take them, for `sendTime`.
    var readBytes = 16 * 1024
    /// A client that has more than 64 KiB of answers waiting for it must take them down to 32 KiB within so long;
    /// nginx's `send_timeout` is the same. Beyond: the connection is closed.
    var sendTime: Duration = .seconds(60)
    /// A connection on which nothing happens for so long is closed. Longer than a long poll and than the usual 60 s
    /// of load balancers, so that they close first.
    var idleConnectionTime: Duration = .seconds(75)

    // Requests.
    /// Bodies of everything but events: a purchase has 150 bytes. Beyond: 413.
    var bodyBytes = 16 * 1024
    /// Bodies of events, whose description may have 10,000 characters of up to 4 bytes. Beyond: 413.
    var eventBodyBytes = 64 * 1024
    /// Bodies of webhooks: Stripe's events have a few kB, and metadata of up to 50 × 540 bytes. Beyond: 413.
    var webhookBodyBytes = 256 * 1024
    /// Bytes of bodies that have come in on the general path and wait for the rest or for the answer, all together:
    /// 8,192 of the largest that most routes take. Beyond: 503.
    var bodyMemory = 128 * 1024 * 1024
    /// How much older or newer a webhook's signature may be than now: what Stripe's libraries allow.
    var webhookAge: Duration = .seconds(300)
    /// Requests being answered at once, long polls not counted: at 20,000/s and 10 ms each 200 are. Beyond: 503.
    var requestsInFlight = 10_000
    /// Items in a page of a list.
    var pageItems = 100
    var standardPageItems = 20

    // Long polls.
    /// The longest hold, below the 30 s after which clients and proxies give up.
    var longPollTime: Duration = .seconds(20)
    /// Long polls held at once, about 2 KB each. Beyond: answered at once, as without `wait`.
    var longPolls = 20_000
    /// How often the timer looks for long polls that have waited enough; they end by up to this much late.
    var longPollTick: Duration = .milliseconds(100)

    // Caches.
    /// How old an event may be in this process, that is shown or that a purchase of an unknown one is checked against.
    /// It may have been `sharedEventAge` old when it came here: 0.9 s together, so that a change shows within a second.
    var eventAge: Duration = .milliseconds(500)
    /// How long gateways share an event in Redis.
    var sharedEventAge: Duration = .milliseconds(400)
    /// How long a reading of an event may be on its way before it is shared: a hundred times the usual.
    var eventLoadTime: Duration = .seconds(1)
    /// Events and pages kept, about 2 KB each. Beyond: the oldest go.
    var cachedEvents = 10_000
    /// How old a lane's progress may be from which a place in line is computed.
    var progressAge: Duration = .milliseconds(100)

    // Postgres, which is not on the purchase path and must not get there by the back door.
    /// Look-ups of orders and events under way or in line for a connection, on behalf of purchases and polls: 512 at
    /// 1 ms each on 8 connections are answered within 64 ms. Beyond: 503, or what Redis said.
    var databaseLookups = 512
    /// Requests being answered at once that ask Postgres for nobody in particular (sessions and accounts), for users
    /// and for administrators: with the look-ups 1,024, which is as many as may wait for a connection. Beyond: 503.
    var strangersRequests = 128
    var usersRequests = 256
    var administratorsRequests = 128
    /// A pending order older than this may be stuck, so Postgres is asked about it.
    var pendingOrderAge: Duration = .seconds(5)
    /// Postgres is asked about one pending order at most once in this time.
    var pendingOrderPause: Duration = .seconds(1)
    /// Pending orders of which the last such answer is remembered, about 500 bytes each. Beyond: the memory is cleared.
    var rememberedOrders = 20_000
    /// The tickets of an order that was confirmed longer ago may have been used or handed on, which Redis is not told,
    /// so Postgres is asked. By then everybody who waited for the outcome has it: a sale's polls do not reach Postgres.
    var confirmedOrderAge: Duration = .seconds(10)
    /// How old the tickets of such an order may be shown.
    var ticketAge: Duration = .seconds(1)
    /// Orders of which that answer is kept, about 500 bytes each. Beyond: the oldest go.
    var cachedOrders = 10_000

    // Images.
    /// Pixels that a QR code is wide and high: from 3 for each of its 33 squares, which is what a reader needs, to a
    /// sheet of paper at 200 dpi. Drawing the largest takes a few milliseconds and 5 MB.
    var imageSize = 100...1_600
    var standardImageSize = 330

    /// How often free memory is given back to the system; it takes some milliseconds.
    var trimInterval: Duration = .seconds(5)
    /// How old the answer of a readiness check may be: several load balancers share one look.
    var readinessAge: Duration = .milliseconds(500)

    /// How old a receipt may be that puts an order back: as old as the records that Redis keeps
    /// (`finalRecordLifetime`). Beyond: 404.
    var receiptAge: Duration = .seconds(7 * 86_400)

    /// How long after an order's confirmation was mailed it may be asked for again. Before: 429.
    var resendPause: Duration = .seconds(60)

    // Sold-out cache.
    /// Events with a sold-out entry at once. Beyond: Redis answers for the others.
    var soldOutEvents = 1_000
    /// Buyers in all entries' filters together, at 10 bits each: 64 MB. Beyond: Redis answers for the others.
    var soldOutBuyers = 50_000_000
    /// How often each sold-out event's stock is looked at.
    var soldOutRefresh: Duration = .milliseconds(100)
    /// How long an entry answers after the last look: two missed looks and half of one.
    var soldOutAge: Duration = .milliseconds(250)

    // What clients are told.
    /// The longest `Retry-After` of a sale that is not open yet: clients come back in time to learn of a change.
    var longestRetryAfter = 3_600
    /// `Retry-After` of a paused sale, and of one whose opening has no time.
    var pausedRetryAfter = 5
    var unscheduledRetryAfter = 60
    /// `Retry-After` of a 503: a restart of Redis takes about so long.
    var overloadedRetryAfter = 1
    /// Seconds that a browser or CDN may keep an event.
    var eventMaximumAge = 1

    // What administrators do.
    /// Orders that an export reads at once: about 500 bytes each.
    var exportPageOrders = 1_000
    /// Bytes of an image: a photograph of 2,000 by 2,000 pixels has one or two million. Beyond: 422.
    var imageBytes = 8 * 1024 * 1024
    /// How long an image may take to be sent to the storage.
    var imageUploadTime: Duration = .seconds(600)

    // The web app, which is kept in memory: 40 files and 1 MB as it is built here. Beyond: the gateway does not start.
    static let webFiles = 1_000
    static let webBytes = 32 * 1024 * 1024
}
