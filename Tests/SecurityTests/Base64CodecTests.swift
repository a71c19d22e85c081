import Foundation
import Testing

@testable import Security

@Suite struct Base64CodecTests {
    @Test func theBytesComeBackAndTheTextIsFoundationsWithoutPadding() {
        var generator = SystemRandomNumberGenerator()
        for count in 0..<100 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let standard = Data(bytes).base64EncodedString().replacing("=", with: "")
            #expect(Base64Codec.standard.encode(bytes) == standard)
            #expect(Base64Codec.standard.decode(standard.utf8) == bytes)
            let url = standard.replacing("+", with: "-").replacing("/", with: "_")
            #expect(Base64Codec.url.encode(bytes) == url)
            #expect(Base64Codec.url.decode(url.utf8) == bytes)
        }
    }

    @Test(arguments: ["A", "AAAAA", "AA==", "AB", "AAB", "A A", "AA\n", "AAA*", "++++", "ÄAAA"])
    func anyOtherTextIsRefused(text: String) {
        #expect(Base64Codec.url.decode(text.utf8) == nil)
    }
}
