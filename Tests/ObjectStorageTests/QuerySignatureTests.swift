import Foundation
import OnsaleConfiguration
import Testing

@testable import ObjectStorage

@Suite struct QuerySignatureTests {
    private static let signature = QuerySignature(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secret: Secret(bytes: Array("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".utf8)), region: "us-east-1")

    /// The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    @Test func itIsThatOfTheExampleThatAWSPublishes() {
        let target = Self.signature.target(
            "GET", host: "examplebucket.s3.amazonaws.com", path: "/test.txt", lifetime: .seconds(86_400),
            at: Date(timeIntervalSince1970: 1_369_353_600))
        #expect(
            target == """
                /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
                &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404
                """)
    }

    @Test func eachPartOfARequestIsSigned() {
        func signature(
            _ method: String = "PUT", host: String = "h", path: String = "/k", headers: [String: String] = ["a": "1"],
            lifetime: Duration = .seconds(1), at time: Double = 0
        ) -> Substring? {
            Self.signature.target(
                method, host: host, path: path, headers: headers, lifetime: lifetime,
                at: Date(timeIntervalSince1970: time)
            ).split(separator: "=").last
        }
        let all = [
            signature(), signature("GET"), signature(host: "i"), signature(path: "/l"), signature(headers: [:]),
            signature(headers: ["a": "2"]), signature(headers: ["b": "1"]), signature(lifetime: .seconds(2)),
            signature(at: 1),
        ]
        #expect(Set(all).count == all.count)
    }

    @Test func aPathIsEncodedAsRFC3986Says() {
        let target = Self.signature.target(
            "GET", host: "h", path: "/a b/ü+~.png", lifetime: .seconds(1), at: Date(timeIntervalSince1970: 0))
        #expect(target.hasPrefix("/a%20b/%C3%BC%2B~.png?"))
    }
}
