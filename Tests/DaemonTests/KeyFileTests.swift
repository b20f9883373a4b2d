import TLS
import Testing

@testable import Daemon

@Suite struct KeyFileTests {
    private static let digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  // of "secret"

    @Test("Names with keys or their digests, rates and comments are read")
    func reads() throws {
        let text = """
            # who may send
            pay   0123456789abcdef   rate=1000/s bytes=10MiB/s

            \tbatch sha256:\(Self.digest)\r
            """
        let keys = try KeyFile.parse(text, file: "keys")
        #expect(keys.map(\.name) == ["pay", "batch"])
        #expect(keys[0].digest == sha256(Array("0123456789abcdef".utf8)))
        #expect(keys[0].requestsPerSecond == 1000)
        #expect(keys[0].bytesPerSecond == 10 << 20)
        #expect(keys[1].digest == sha256(Array("secret".utf8)))
        #expect(keys[1].requestsPerSecond == nil)
    }

    @Test(
        "A line that cannot stand is named, without the key that it holds",
        arguments: [
            ("pay", "keys:1: expected a name, a space and a key"),
            ("pay short", "keys:1: the key is too short; use at least 8 characters, better 32"),
            ("p/y 0123456789", "keys:1: a name is up to 64 letters, digits, '.', '_' and '-'"),
            ("a 0123456789\na 9876543210", "keys:2: the name 'a' stands twice"),
            ("a sha256:12", "keys:1: expected 64 hexadecimal digits after 'sha256:'"),
            ("a 0123456789 rate=0/s", "keys:1: expected 'rate=1000/s' or 'bytes=10MiB/s' after the key"),
            ("a 0123456789 speed=1/s", "keys:1: 'speed' is unknown; expected 'rate' or 'bytes'"),
        ])
    func refuses(text: String, expected: String) {
        let error = #expect(throws: KeyFile.Invalid.self) { try KeyFile.parse(text, file: "keys") }
        #expect(error?.description == expected)
    }
}
