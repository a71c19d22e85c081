import Crypto
import Foundation
import OnsaleConfiguration

/// Signs a request by its address alone: AWS Signature Version 4 in the query
/// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html), which every S3 server understands.
///
/// By hand, because none of our packages has it: AWS' SDK for Swift is a hundred packages for these sixty lines.
struct QuerySignature: Sendable {
    let accessKeyID: String
    let secret: Secret
    let region: String

    /// The path and query of a request that may be sent until `lifetime` is over.
    ///
    /// - Parameters:
    ///   - host: With its port, unless that is the scheme's own: as it will stand in `Host`.
    ///   - path: Not encoded.
    ///   - headers: By names in small letters. The request must have them with these values, or it is refused.
    ///   - lifetime: Up to seven days.
    func target(
        _ method: String, host: String, path: String, headers: [String: String] = [:], lifetime: Duration,
        at date: Date
    ) -> String {
        let time = date.formatted(
            Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted, timeZone: .gmt))
        let day = String(time.prefix(8))
        let scope = "\(day)/\(region)/s3/aws4_request"
        let signed = headers.merging(["host": host]) { $1 }.sorted { $0.key < $1.key }
        let names = signed.map(\.key).joined(separator: ";")
        let query = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "\(accessKeyID)/\(scope)"),
            ("X-Amz-Date", time), ("X-Amz-Expires", String(lifetime.components.seconds)),
            ("X-Amz-SignedHeaders", names),
        ].map { "\($0)=\(Self.encoded($1))" }.joined(separator: "&")
        let encodedPath = Self.encoded(path, leaving: "/")
        let request = """
            \(method)
            \(encodedPath)
            \(query)
            \(signed.map { "\($0):\($1)\n" }.joined())
            \(names)
            UNSIGNED-PAYLOAD
            """
        let text = "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n\(Self.hexadecimal(SHA256.hash(data: Data(request.utf8))))"
        var key = Data("AWS4".utf8) + secret.bytes
        for part in [day, region, "s3", "aws4_request"] { key = Self.code(of: part, key: key) }
        return "\(encodedPath)?\(query)&X-Amz-Signature=\(Self.hexadecimal(Self.code(of: text, key: key)))"
    }

    private static func code(of text: String, key: Data) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key)))
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Percent-encodes everything but the unreserved characters of RFC 3986 §2.3.
    private static func encoded(_ text: String, leaving others: String = "") -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~\(others)".utf8)
        let digits = Array("0123456789ABCDEF".utf8)
        return String(
            decoding: text.utf8.flatMap { byte in
                plain.contains(byte)
                    ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }, as: UTF8.self)
    }
}
