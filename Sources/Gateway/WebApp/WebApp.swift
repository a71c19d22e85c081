import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import OnsaleConfiguration

/// The web app that `make web` builds, read once when the gateway starts.
///
/// Hummingbird's `FileMiddleware` reads each file again for each request, knows no compressed forms, and makes its tags
/// from the time of a file. The app has few and small files that change with a new start only, so here they are in
/// memory: a path names one of them or none, and no path can lead out of the folder.
struct WebApp: Sendable {
    /// What labels its answers in the metrics.
    static let template = "web"

    private static let index = "/index.html"
    /// Where files lie whose name changes with their content.
    private static let hashed = "/assets/"

    private let assets: [String: WebAsset]

    /// - Parameters:
    ///   - folder: What `scripts/web` has written.
    ///   - imageOrigins: Where images are sent to and shown from; nil: only from here.
    /// - Throws: When there is no web app in the folder, or one that is beyond the limits.
    init(folder: String, imageOrigins: (upload: String, display: String)? = nil) throws {
        let root = URL(filePath: folder, directoryHint: .isDirectory).standardizedFileURL
        let policy = Self.policy(imageOrigins)
        var assets: [String: WebAsset] = [:]
        var bytes = 0
        let files = try Self.files(in: root)
        for (path, url) in files where !path.hasSuffix(".gz") {
            let plain = try Data(contentsOf: url)
            let gzip = try files[path + ".gz"].map { try Data(contentsOf: $0) }
            bytes += plain.count + (gzip?.count ?? 0)
            guard assets.count < GatewayLimits.webFiles, bytes <= GatewayLimits.webBytes else {
                throw Self.error(folder, "at most \(GatewayLimits.webFiles) files and \(GatewayLimits.webBytes) bytes")
            }
            assets[path] = WebAsset(
                plain: .init(ByteBuffer(bytes: plain)), gzip: gzip.map { .init(ByteBuffer(bytes: $0)) },
                headers: Self.headers(of: path, policy))
        }
        guard assets[Self.index] != nil else { throw Self.error(folder, "a folder that make web has built") }
        self.assets = assets
    }

    /// The answer for a path that is no route of the API: a file, or for a page of the app's own (its router is in the
    /// browser) the app. nil: there is nothing.
    func response(to request: Request) -> Response? {
        guard request.method == .get || request.method == .head else { return nil }
        let path = request.uri.path
        guard path != "/api", !path.hasPrefix("/api/") else { return nil }
        if let asset = assets[path == "/" ? Self.index : path] { return asset.response(to: request) }
        guard !path.split(separator: "/").contains(where: { $0.contains(".") }), !path.hasPrefix(Self.hashed),
            request.headers[values: .accept].contains(where: { $0.contains("text/html") })
        else { return nil }
        return assets[Self.index]?.response(to: request)
    }

    /// Regular files by their path from the root, such as `/assets/main-4F2K.js`; links are no regular files.
    private static func files(in root: URL) throws -> [String: URL] {
        let keys: [URLResourceKey] = [.isRegularFileKey]
        guard let found = FileManager.default.enumerator(at: root, includingPropertiesForKeys: keys) else { return [:] }
        let depth = root.pathComponents.count
        var files: [String: URL] = [:]
        for case let url as URL in found where try url.resourceValues(forKeys: Set(keys)).isRegularFile == true {
            files["/" + url.standardizedFileURL.pathComponents.dropFirst(depth).joined(separator: "/")] = url
        }
        return files
    }

    private static func error(_ folder: String, _ allowed: String) -> ConfigurationError {
        ConfigurationError(.invalid, subject: "WEB_ROOT", given: folder, allowed: allowed)
    }

    private static func headers(of path: String, _ policy: String) -> HTTPFields {
        let type = path.split(separator: ".").last.flatMap { types[String($0)] } ?? "application/octet-stream"
        var headers: HTTPFields = [
            .contentType: type,
            .cacheControl: path.hasPrefix(hashed) ? "public, max-age=31536000, immutable" : "no-cache",
        ]
        // A script whose name stays is a service worker. Its own answer's policy is the one that it is under.
        if path.hasSuffix(".js"), !path.hasPrefix(hashed) {
            headers[.contentSecurityPolicy] = "default-src 'none'; connect-src 'self'"
        }
        if path.hasSuffix(".html") {
            headers[.contentSecurityPolicy] = policy
            headers.append(HTTPField(name: .permissionsPolicy, value: "camera=(self), microphone=(), geolocation=()"))
            headers.append(HTTPField(name: .crossOriginOpenerPolicy, value: "same-origin"))
        }
        return headers
    }

    private static let types = [
        "css": "text/css; charset=utf-8", "html": "text/html; charset=utf-8", "ico": "image/x-icon",
        "js": "text/javascript; charset=utf-8", "json": "application/json", "map": "application/json",
        "png": "image/png", "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8",
        "webmanifest": "application/manifest+json", "woff2": "font/woff2",
    ]

    /// Scripts, styles and requests are of this origin alone, but for images. QR codes are images of `blob:`, because they
    /// are fetched with a token; so is the picture of an image that is about to be sent.
    private static func policy(_ imageOrigins: (upload: String, display: String)?) -> String {
        let display = imageOrigins.map { " \($0.display)" } ?? ""
        let upload = imageOrigins.map { " \($0.upload)" } ?? ""
        return [
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:\(display)",
            "connect-src 'self'\(upload)", "media-src 'self' blob:", "manifest-src 'self'", "worker-src 'self'",
            "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }
}
