import NIOCore
import Testing

@testable import RedisClient

@Suite struct CommandEncoderTests {
    private func encode(_ command: RedisCommand, withSource: Bool = false) -> String {
        var encoder = CommandEncoder()
        var buffer = ByteBuffer()
        encoder.encode(command, withSource: withSource, into: &buffer)
        return String(buffer: buffer)
    }

    @Test("A command is an array of its arguments as bytes")
    func command() {
        let command = RedisCommand("SET", "ключ", RedisArgument(-7), RedisArgument(bytes: Array("a\r\n\0b".utf8)), "")
        #expect(
            encode(command)
                == "*5\r\n$3\r\nSET\r\n$8\r\nключ\r\n$2\r\n-7\r\n$5\r\na\r\n\0b\r\n$0\r\n\r\n")
    }

    @Test("Commands follow one another in one buffer, small after large")
    func several() {
        var encoder = CommandEncoder()
        var buffer = ByteBuffer()
        let large = String(repeating: "x", count: 100_000)
        encoder.encode(RedisCommand("GET", RedisArgument(large)), withSource: false, into: &buffer)
        encoder.encode(RedisCommand("PING"), withSource: false, into: &buffer)
        #expect(String(buffer: buffer) == "*2\r\n$3\r\nGET\r\n$100000\r\n\(large)\r\n*1\r\n$4\r\nPING\r\n")
    }

    @Test("A script goes by its digest or with its source")
    func script() {
        let script = RedisScript(name: "one", source: "return 1")
        let command = script.command(keys: ["k"], arguments: [2])
        #expect(
            encode(command)
                == "*5\r\n$7\r\nEVALSHA\r\n$40\r\n\(script.sha1)\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\n2\r\n")
        #expect(
            encode(command, withSource: true)
                == "*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\n2\r\n")
    }

    @Test("Interpolated text, numbers and bytes are arguments")
    func arguments() {
        let number = 7
        let text: RedisArgument = "{p0\(number)}:event"
        #expect(text == RedisArgument("{p07}:event"))
        #expect(RedisArgument(UInt64.max) == RedisArgument("18446744073709551615"))
        #expect(RedisArgument(bytes: [1, 2, 3]).byteCount == 3)
    }
}

@Suite struct SHA1Tests {
    /// The examples of FIPS 180-4, and lengths around the border of a block.
    @Test(
        "Digests are those of the standard",
        arguments: [
            ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
            (String(repeating: "a", count: 1_000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
        ])
    func standard(_ message: String, _ digest: String) {
        #expect(SHA1.hexadecimalDigest(of: Array(message.utf8)) == digest)
    }
}
