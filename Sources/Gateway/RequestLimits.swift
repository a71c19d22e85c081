import OnsaleConfiguration
import RateLimiting

/// How often one may ask. Each limit is `BURST/PERIOD`, or `off`; beyond it the answer is 429 with `Retry-After`.
///
/// | variable | default | of what |
/// | --- | --- | --- |
/// | `LOGIN_LIMIT_ACCOUNT` | 10/5m | wrong passwords for one account |
/// | `LOGIN_LIMIT_ADDRESS` | 60/1m | wrong passwords from one address |
/// | `REGISTER_LIMIT_ADDRESS` | 120/1m | registrations from one address |
/// | `RESET_LIMIT_ACCOUNT` | 3/15m | mails to one account for a new password |
/// | `RESET_LIMIT_ADDRESS` | 30/10m | requests for such mails, and tokens tried, from one address |
/// | `REFRESH_LIMIT_ADDRESS` | 600/1m | sessions that are gone on with or ended, from one address |
/// | `EXPORT_LIMIT_USER` | 5/10m | exports of one account |
/// | `TRANSFER_LIMIT_USER` | 30/10m | tickets that one user tries to hand on |
/// | `PURCHASE_LIMIT_USER` | 20/2s | purchases of one user that go to Redis, at one gateway |
/// | `PURCHASE_LIMIT_ADDRESS` | off | the same from one address |
/// | `CONNECTION_LIMIT_ADDRESS` | off | connections at once from one address, at one gateway: 1 to 1000000; beyond, closed |
/// | `TRUSTED_PROXIES` | none | addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed |
///
/// All but the purchases' hold for all gateways together. Purchases are counted in each gateway's own memory, so with
/// several gateways a user has as many times the limit: it is there to keep a script from taking the place of thousands
/// of buyers, not to count. An address may be that of a university, so what is counted by address is generous: with
/// tokens of 15 minutes, 600 a minute keep 9,000 people behind one address signed in.
struct RequestLimits: Sendable {
    var loginAccount: RateLimit? = RateLimit(burst: 10, period: .seconds(300))
    var loginAddress: RateLimit? = RateLimit(burst: 60, period: .seconds(60))
    var registerAddress: RateLimit? = RateLimit(burst: 120, period: .seconds(60))
    var resetAccount: RateLimit? = RateLimit(burst: 3, period: .seconds(900))
    var resetAddress: RateLimit? = RateLimit(burst: 30, period: .seconds(600))
    var refreshAddress: RateLimit? = RateLimit(burst: 600, period: .seconds(60))
    var exportUser: RateLimit? = RateLimit(burst: 5, period: .seconds(600))
    var transferUser: RateLimit? = RateLimit(burst: 30, period: .seconds(600))
    var purchaseUser: RateLimit? = RateLimit(burst: 20, period: .seconds(2))
    var purchaseAddress: RateLimit?
    /// nil: any number. A proxy that is not named as trusted, a university or a load test may have thousands.
    var connectionsAddress: Int?
    /// Users, and as many addresses, whose purchases are remembered for the limit's period: at 20,000 purchases a
    /// second two seconds have 40,000 users, of about 50 bytes. Beyond: the oldest are forgotten.
    var rememberedBuyers = 200_000
    var trustedProxies = TrustedProxies()

    init() {}

    init(config: ConfigReader) throws(ConfigurationError) {
        loginAccount = try config.rateLimit("login.limit.account", default: loginAccount)
        loginAddress = try config.rateLimit("login.limit.address", default: loginAddress)
        registerAddress = try config.rateLimit("register.limit.address", default: registerAddress)
        resetAccount = try config.rateLimit("reset.limit.account", default: resetAccount)
        resetAddress = try config.rateLimit("reset.limit.address", default: resetAddress)
        refreshAddress = try config.rateLimit("refresh.limit.address", default: refreshAddress)
        exportUser = try config.rateLimit("export.limit.user", default: exportUser)
        transferUser = try config.rateLimit("transfer.limit.user", default: transferUser)
        purchaseUser = try config.rateLimit("purchase.limit.user", default: purchaseUser)
        purchaseAddress = try config.rateLimit("purchase.limit.address", default: purchaseAddress)
        if let text = config.optional("connection.limit.address"), text != "off" {
            connectionsAddress = try config.int("connection.limit.address", default: 0, in: 1...1_000_000)
        }
        var networks: [AddressNetwork] = []
        for text in try config.list("trusted.proxies") {
            guard let network = AddressNetwork(text) else {
                throw ConfigurationError(
                    .invalid, subject: "TRUSTED_PROXIES", given: text,
                    allowed: "addresses and networks with commas between them, such as 10.0.0.0/8, ::1")
            }
            networks.append(network)
        }
        trustedProxies = TrustedProxies(networks)
    }
}
