import TLS
import Testing

@testable import Access

@Suite struct KeyFileTests {
    private static let digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  // of "secret"

    @Test("Names with keys or their digests, rates and comments are read, whatever ends a line")
    func reads() throws {
        let text = """
            # who may send
            pay   0123456789abcdef   rate=1000/s bytes=10MiB/s\r

            \tbatch sha256:\(Self.digest)\r\n
            """
        let keys = try KeyFile.parse(text, file: "keys")
        #expect(keys.map(\.name) == ["pay", "batch"])
        #expect(keys[0].digest == sha256(Array("0123456789abcdef".utf8)))
        #expect(keys[0].requestsPerSecond == 1000)
        #expect(keys[0].bytesPerSecond == 10 << 20)
        #expect(keys[1].digest == sha256(Array("secret".utf8)))
        #expect(keys[1].requestsPerSecond == nil)
    }

    @Test("A line without scopes may send and read, as it could before there were any, and may not administer")
    func unnamedScopes() throws {
        let key = try #require(try KeyFile.parse("pay 0123456789abcdef", file: "keys").first)
        #expect(key.scopes.description == "ingest,read")
        #expect(!key.scopes.allows(.admin))
        #expect(key.tenant == nil && key.expires == nil && key.revoked == nil)
    }

    @Test("Scopes, tenant and times are read in any order")
    func readsOptions() throws {
        let line =
            "alice sha256:\(Self.digest) expires=2027-01-01T00:00:00Z tenant=acme scopes=admin,ingest "
            + "created=2026-11-27 revoked=2026-11-28T01:02:03.5Z"
        let key = try #require(try KeyFile.parse(line, file: "keys").first)
        #expect(key.scopes == [AccessScopes(.admin), AccessScopes(.ingest)])
        #expect(key.tenant?.text == "acme")
        #expect(key.expires?.seconds == 1_798_761_600)
        #expect(key.created?.seconds == 1_795_737_600)
        #expect(key.revoked?.seconds == 1_795_827_723)
    }

    @Test(
        "A line that cannot stand is named, without the key that it holds",
        arguments: [
            ("pay", "keys:1: expected a name, a space and a key"),
            ("pay short", "keys:1: the key is too short; use at least 8 characters, better 32"),
            ("p/y 0123456789", "keys:1: a name is up to 64 letters, digits, '.', '_' and '-'"),
            ("a 0123456789\na 9876543210", "keys:2: the name 'a' stands twice"),
            ("a 0123456789\r\na 9876543210", "keys:2: the name 'a' stands twice"),
            ("a sha256:12", "keys:1: expected 64 hexadecimal digits after 'sha256:'"),
            ("a 0123456789 rate=0/s", "keys:1: expected 'rate=1000/s' or 'bytes=10MiB/s' after the key"),
            (
                "a 0123456789 speed=1/s",
                "keys:1: 'speed' is unknown; expected 'rate', 'bytes', 'scopes', 'tenant', 'expires', 'created' or 'revoked'"
            ),
            ("a 0123456789 9876543210", "keys:1: expected options such as 'scopes=ingest' after the key"),
            ("a 0123456789 aGVsbG8gd29ybGQ=", "keys:1: expected options such as 'scopes=ingest' after the key"),
            (
                "a 0123456789 scopes=",
                "keys:1: 'scopes' is '', expected some of ingest, read and admin with commas between"
            ),
            (
                "a 0123456789 scopes=ingest,write",
                "keys:1: 'scopes' is 'ingest,write', expected some of ingest, read and admin with commas between"
            ),
            ("a 0123456789 scopes=read scopes=admin", "keys:1: 'scopes' stands twice"),
            (
                "a 0123456789 tenant=../b",
                "keys:1: 'tenant' is '../b', expected 1 to 64 of a-z, 0-9, '-' and '_', the first a letter or digit"
            ),
            (
                "a 0123456789 expires=tomorrow",
                "keys:1: 'expires' is 'tomorrow', expected a time such as 2027-01-01T00:00:00Z"
            ),
        ])
    func refuses(text: String, expected: String) {
        let error = #expect(throws: KeyFile.Invalid.self) { try KeyFile.parse(text, file: "keys") }
        #expect(error?.description == expected)
    }

    @Test("A key is good until the second in which it ends, and not at all once it is revoked")
    func states() {
        var key = AccessKey(name: "a", digest: [], expires: UTCSecond(seconds: 100))
        #expect(key.state(at: UTCSecond(seconds: 99)) == .valid)
        #expect(key.state(at: UTCSecond(seconds: 100)) == .expired)
        key.revoked = UTCSecond(seconds: 500)
        #expect(key.state(at: UTCSecond(seconds: 99)) == .revoked)
    }
}
