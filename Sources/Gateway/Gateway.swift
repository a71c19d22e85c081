import CoreMetrics
import Crypto
import Hummingbird
import InventoryStore
import Logging
import ObjectStorage
import Observability
import OnsaleConfiguration
import OnsaleTracing
import OrderRepository
import RateLimiting
import Security
import ServiceLifecycle
import TicketPages
import Ticketing
import UnixSignals

/// The gateway's parts, put together over whichever stores: live ones in `App+build`, in-memory ones in tests.
struct Gateway<
    Inventory: InventoryStore,
    Repository: OrderRepository & AccountRepository & AdministrationRepository & RefundRepository
>: Sendable {
    /// What the gateway works with.
    struct Dependencies: Sendable {
        var inventory: Inventory
        var repository: Repository
        var tickets: any TicketRepository
        var tokenVerifier: TokenVerifier
        var tokenIssuer: TokenIssuer
        var passwordHasher: PasswordHasher
        var rateLimiter: any RateLimiter
        var registry: PrometheusRegistry
        var logger: Logger
        /// What gateways share; nil: nothing.
        var documents: (any DocumentCache)?
        /// Where images lie; nil: there are none.
        var images: (any ObjectStore)?
        /// The web app; nil: there is none at this gateway.
        var webApp: WebApp?
        /// nil: nothing is traced.
        var tracer: SpanTracer?
        /// Settings of the stores that endanger promises, for `/readyz`.
        var warnings: @Sendable () async -> [String] = { [] }
    }

    let responder: GatewayResponder<Inventory, Repository>
    let readiness: Readiness<Inventory, Repository>
    let soldOut: SoldOutCache<Inventory>
    let waiters: OrderWaiters<Inventory>
    let accountWatch: AccountWatch<Repository>
    let operations: OperationsHandler<Inventory, Repository>
    /// What the router answers, but for HEAD; a test holds the table of routes and openapi.yaml against it.
    let routes: [RouteTable.Route]
    private let trimInterval: Duration

    /// - Throws: When a template that is part of the program cannot be read.
    init(configuration: GatewayConfiguration, dependencies: Dependencies) throws {
        let limits = configuration.limits
        trimInterval = limits.trimInterval
        let logger = dependencies.logger
        let inventory = dependencies.inventory
        let repository = dependencies.repository
        let registry = dependencies.registry

        // One gate for all look-ups on behalf of buyers, so that their sum is bounded.
        let lookups = ConcurrencyGate(limit: limits.databaseLookups)
        let admission = ConcurrencyGate(limit: limits.requestsInFlight)
        let bodies = BodyIntake(limits: limits)
        let catalog = EventCatalog(
            repository: repository, cache: dependencies.documents, limits: limits, gate: lookups)
        let progress = LaneProgressCache(
            inventory: inventory, partitioning: configuration.partitioning, limits: limits)
        let metrics = GatewayMetrics(partitioning: configuration.partitioning, factory: registry)
        let authentication = BearerAuthentication(verifier: dependencies.tokenVerifier)
        let provided = ProvidedAccounts(repository: repository)
        soldOut = SoldOutCache(inventory: inventory, limits: limits, logger: logger)
        let waiters = OrderWaiters(inventory: inventory, limits: limits)
        self.waiters = waiters
        readiness = Readiness(
            inventory: inventory, repository: repository, age: limits.readinessAge, warnings: dependencies.warnings)

        let secret = SymmetricKey(data: configuration.orderIDSecret.bytes)
        let receipts = ReceiptSigner(secret: secret)
        let purchases = PurchaseHandler(
            purchases: PurchaseService(
                inventory: inventory, repository: repository, catalog: catalog, soldOut: soldOut, progress: progress,
                partitioning: configuration.partitioning,
                orderIDSecret: secret, receipts: receipts, limits: limits, lookups: lookups,
                metrics: metrics, logger: logger),
            authentication: authentication, limiter: PurchaseLimiter(limits: configuration.requestLimits),
            provided: provided, metrics: metrics, standardMethod: configuration.paymentProvider.standardMethod)
        let orderService = OrderService(
            inventory: inventory, repository: repository, progress: progress, waiters: waiters,
            partitioning: configuration.partitioning, limits: limits, lookups: lookups)
        let orders = OrderHandler(
            orders: orderService,
            repository: repository, authentication: authentication, receipts: receipts, metrics: metrics,
            limits: limits)
        let events = EventService(
            inventory: inventory, repository: repository, catalog: catalog, limits: limits, logger: logger)
        let eventHandler = EventHandler(catalog: catalog, events: events, limits: limits)
        let sessions = configuration.sessions
        accountWatch = AccountWatch(
            repository: repository, verifier: dependencies.tokenVerifier, configuration: sessions, logger: logger)
        let signIns = SignInLimiter(limiter: dependencies.rateLimiter, limits: configuration.requestLimits)
        let passwords = PasswordService(
            repository: repository, hasher: dependencies.passwordHasher, limiter: signIns, configuration: sessions)
        let authHandler = AuthHandler(
            accounts: AccountService(repository: repository, hasher: dependencies.passwordHasher),
            sessions: SessionService(
                repository: repository, issuer: dependencies.tokenIssuer, key: RefreshKey(secret: secret),
                configuration: sessions, logger: logger),
            passwords: passwords, limiter: signIns, limits: limits)
        let users = UserHandler(
            users: UserService(repository: repository, passwords: passwords, watch: accountWatch, logger: logger),
            limiter: signIns, limits: limits)

        let tickets = TicketHandler(
            tickets: TicketService(tickets: dependencies.tickets, limiter: signIns, logger: logger),
            page: try TicketPage(),
            limits: limits)

        let router = Router(context: AppRequestContext.self, options: [.autoGenerateHeadEndpoints])
        let requestMetrics = RequestMetrics(routes: .standard, factory: registry)
        router.add(middleware: ProblemMiddleware(routes: .standard, metrics: requestMetrics))
        if let webApp = dependencies.webApp { router.add(middleware: WebAppMiddleware(webApp: webApp)) }
        let shares = CallerShares(limits: limits)
        authHandler.addRoutes(to: router.group().add(middleware: shares))
        eventHandler.addRoutes(to: router)
        operations = OperationsHandler(
            readiness: readiness, registry: registry, progress: progress, partitioning: configuration.partitioning,
            metrics: metrics, hasPublicMetrics: configuration.metricsPort == nil)
        operations.addRoutes(to: router)
        ReferenceHandler().addRoutes(to: router)
        tickets.addRoutes(to: router)
        let signedIn = router.group()
            .add(middleware: BearerMiddleware(authentication: authentication, provided: provided))
            .add(middleware: shares)
        let authenticated = signedIn.group(context: AuthenticatedContext.self)
        authHandler.addRoutes(toAuthenticated: authenticated)
        users.addRoutes(toAuthenticated: authenticated)
        orders.addRoutes(toAuthenticated: authenticated)
        tickets.addRoutes(toAuthenticated: authenticated)
        OrderMailHandler(orders: orderService, repository: repository, limits: limits)
            .addRoutes(toAuthenticated: authenticated)
        let admin = authenticated.group(context: AdminContext.self)
        eventHandler.addRoutes(toAdmin: admin)
        users.addRoutes(toAdmin: admin)
        AdminHandler(events: events, limits: limits).addRoutes(toAdmin: admin)
        tickets.addRoutes(toAdmin: admin)
        ImageHandler(
            images: ImageService(
                store: dependencies.images, repository: repository, catalog: catalog, limits: limits, logger: logger),
            limits: limits
        ).addRoutes(toAdmin: admin)
        EventOrderHandler(
            repository: repository, export: OrderExport(repository: repository, limits: limits), limits: limits
        ).addRoutes(toAdmin: admin)
        AuditHandler(repository: repository, limits: limits).addRoutes(toAdmin: admin)
        let refunds = RefundService(
            inventory: inventory, repository: repository, catalog: catalog, partitioning: configuration.partitioning,
            limits: limits, logger: logger)
        RefundHandler(refunds: refunds, limits: limits).addRoutes(toAdmin: admin)
        WebhookHandler(
            repository: repository, secret: configuration.stripeWebhookSecret, limits: limits, logger: logger
        ).addRoutes(to: router)

        routes = router.routes.filter { $0.method != .head }
            .map { RouteTable.Route($0.method, $0.path.description) }

        let cors = CORSPolicy(origins: configuration.corsOrigins)
        responder = GatewayResponder(
            hot: HotRoutes(
                purchases: purchases, orders: orders, readiness: readiness, cors: cors,
                security: SecurityHeaders(isSecure: sessions.isCookieSecure), metrics: requestMetrics,
                watch: RequestWatch(tracer: dependencies.tracer, logger: logger), admission: admission, limits: limits,
                hasher: dependencies.passwordHasher),
            router: router.buildResponder(), cors: cors, metrics: requestMetrics, bodies: bodies, admission: admission,
            limits: limits)

        registry.gauge("onsale_requests_in_flight", "Requests being answered, without held long polls.") {
            Double(admission.count)
        }
        let hasher = dependencies.passwordHasher
        registry.gauge("onsale_passwords_waiting", "Passwords that wait for a thread to be hashed.") {
            Double(hasher.waiting)
        }
        registry.counter("onsale_passwords_hashed", "Passwords hashed.") { Double(hasher.computed) }
        registry.gauge("onsale_body_bytes", "Bytes of requests' bodies that are coming in or being answered.") {
            Double(bodies.bytes)
        }
        registry.gauge("onsale_long_polls", "Long polls being held.") { Double(waiters.count) }
        registry.gauge("onsale_database_lookups", "Look-ups in Postgres on behalf of purchases and polls.") {
            Double(lookups.count)
        }
    }
}

extension Gateway {
    /// Runs everything until SIGTERM or SIGINT.
    ///
    /// Services stop in reverse order, one after the other: first `/readyz` says so for `stopDelay`, in which everything
    /// is served as before, then the long polls are answered, then the server finishes what has begun, and only then
    /// the stores go. `drainTime` after the delay what is left is cancelled.
    func serviceGroup(
        stores: [any Service], server: GatewayServer<Inventory, Repository>, stopDelay: Duration = .zero,
        drainTime: Duration, logger: Logger
    ) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: stores + [
                MemoryTrimmer(interval: trimInterval), accountWatch, soldOut, server, waiters,
                ReadinessNotice(readiness: readiness, stopDelay: stopDelay, logger: logger),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = stopDelay + drainTime
        return ServiceGroup(configuration: configuration)
    }
}

/// Warns of settings that endanger promises, and tells `/readyz` that the gateway stops, long enough before anything else
/// stops that load balancers have seen it.
private struct ReadinessNotice<Inventory: InventoryStore, Repository: OrderRepository>: Service {
    let readiness: Readiness<Inventory, Repository>
    let stopDelay: Duration
    let logger: Logger

    func run() async throws {
        for warning in await readiness.report().warnings {
            logger.warning("gateway.unsafe_setting", metadata: ["setting": "\(warning)"])
        }
        // Ends by graceful shutdown or by cancellation; both mean the same here.
        try? await gracefulShutdown()
        readiness.stop()
        logger.info("gateway.stopping")
        // Cancelled when the time for stopping is over; then nothing waits any more.
        try? await Task.sleep(for: stopDelay)
    }
}
