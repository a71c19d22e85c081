package import Foundation
package import OnsaleConfiguration

/// Where images are stored: a bucket of anything that speaks S3.
///
/// | variable | default | allowed | secret |
/// | --- | --- | --- | --- |
/// | `S3_BUCKET` | none: no images can be uploaded | a bucket's name | no |
/// | `S3_ENDPOINT` | AWS' for the region | `http://` or `https://`, host and port | no |
/// | `S3_REGION` | `us-east-1` | not empty | no |
/// | `S3_ACCESS_KEY_ID` | required with a bucket | not empty | no |
/// | `S3_SECRET_ACCESS_KEY` | required with a bucket | not empty | yes |
/// | `S3_PATH_STYLE` | `true` | whether the bucket stands in the path instead of in the host's name | no |
/// | `S3_PUBLIC_URL` | the bucket's own address | where everybody may read the bucket, a CDN for example | no |
package struct ObjectStorageConfiguration: Sendable {
    /// Scheme and host, with a port where it is not the scheme's own.
    package let endpoint: URL
    package let region: String
    package let bucket: String
    package let accessKeyID: String
    package let secret: Secret
    package let isPathStyle: Bool
    /// Without a slash at its end.
    package let publicURL: String

    package init(
        endpoint: URL, region: String, bucket: String, accessKeyID: String, secret: Secret, isPathStyle: Bool = true,
        publicURL: String? = nil
    ) {
        self.endpoint = endpoint
        self.region = region
        self.bucket = bucket
        self.accessKeyID = accessKeyID
        self.secret = secret
        self.isPathStyle = isPathStyle
        let scheme = endpoint.scheme ?? "https"
        let host = Self.authority(endpoint)
        let own = isPathStyle ? "\(scheme)://\(host)/\(bucket)" : "\(scheme)://\(bucket).\(host)"
        var address = publicURL ?? own
        while address.hasSuffix("/") { address.removeLast() }
        self.publicURL = address
    }

    /// nil when no bucket is set.
    package init?(config: ConfigReader) throws {
        guard let bucket = config.optional("s3.bucket") else { return nil }
        let region = config.text("s3.region", default: "us-east-1")
        let endpoint =
            if config.optional("s3.endpoint") == nil {
                URL(string: "https://s3.\(region).amazonaws.com")!
            } else {
                try config.required(
                    "s3.endpoint", as: URL.self, allowed: "http:// or https:// with a host, without a path",
                    parse: Self.endpoint)
            }
        let publicURL: String? =
            if config.optional("s3.public.url") == nil {
                nil
            } else {
                try config.required(
                    "s3.public.url", as: String.self, allowed: "an http:// or https:// address", parse: Self.address)
            }
        self.init(
            endpoint: endpoint, region: region, bucket: bucket,
            accessKeyID: try config.required("s3.access.key.id"),
            secret: try config.secret("s3.secret.access.key", minimumBytes: 1),
            isPathStyle: try config.flag("s3.path.style", default: true), publicURL: publicURL)
    }

    /// The origins that a web page sends images to and shows them from, without a path.
    package var origins: (upload: String, display: String) {
        let scheme = endpoint.scheme ?? "https"
        let host = Self.authority(endpoint)
        let display = URL(string: publicURL).map { "\($0.scheme ?? "https")://\(Self.authority($0))" }
        return (isPathStyle ? "\(scheme)://\(host)" : "\(scheme)://\(bucket).\(host)", display ?? publicURL)
    }

    /// As `Host` has it.
    static func authority(_ url: URL) -> String {
        let host = url.host() ?? ""
        let usual = url.scheme == "http" ? 80 : 443
        guard let port = url.port, port != usual else { return host }
        return "\(host):\(port)"
    }

    private static func endpoint(_ text: String) -> URL? {
        guard address(text) != nil, let url = URL(string: text), ["", "/"].contains(url.path()), url.query() == nil
        else { return nil }
        return url
    }

    private static func address(_ text: String) -> String? {
        guard let url = URL(string: text), url.scheme == "http" || url.scheme == "https",
            url.host()?.isEmpty == false
        else { return nil }
        return text
    }
}
