import RedisClient

/// The scripts of `Scripts/`, each of which states its contract in its header.
enum InventoryScripts {
    static let reserve = script("reserve", PackageResources.reserve_lua)
    static let acknowledge = script("acknowledge", PackageResources.acknowledge_lua)
    static let publish = script("publish", PackageResources.publish_lua)
    static let `defer` = script("defer", PackageResources.defer_lua)
    static let release = script("release", PackageResources.release_lua)
    static let reject = script("reject", PackageResources.reject_lua)
    static let load = script("load", PackageResources.load_lua)
    static let fill = script("fill", PackageResources.fill_lua)
    static let amend = script("amend", PackageResources.amend_lua)
    static let recover = script("recover", PackageResources.recover_lua)
    static let retake = script("retake", PackageResources.retake_lua)
    static let mark = script("mark", PackageResources.mark_lua)
    static let inspect = script("inspect", PackageResources.inspect_lua)

    private static func script(_ name: String, _ source: [UInt8]) -> RedisScript {
        RedisScript(name: name, source: String(decoding: source, as: UTF8.self))
    }
}
