import TLS
import Testing

@testable import Access

@Suite struct UTCSecondTests {
    @Test(
        "Days, seconds and fractions are read, and written in seconds",
        arguments: [
            ("1970-01-01", UInt64(0), "1970-01-01T00:00:00Z"),
            ("2000-02-29T23:59:59Z", 951_868_799, "2000-02-29T23:59:59Z"),
            ("2026-11-27T18:07:04.123456789Z", 1_795_802_824, "2026-11-27T18:07:04Z"),
            ("9999-12-31T23:59:59Z", 253_402_300_799, "9999-12-31T23:59:59Z"),
        ])
    func reads(text: String, seconds: UInt64, written: String) {
        #expect(UTCSecond(text)?.seconds == seconds)
        // What nanoseconds in 64 bits cannot hold, the year 2554 and later, is written as their end.
        if seconds < 18_446_744_073 { #expect(UTCSecond(seconds: seconds).description == written) }
    }

    @Test(
        "Anything else is no time",
        arguments: [
            "", "2026", "2026-13-01", "2026-02-29", "2100-02-29", "2026-00-10", "2026-01-00", "1969-12-31",
            "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+01:00",
            "2026-01-01 00:00:00Z", "-026-01-01", "2026-01-01T0x:00:00Z", "2026-01-01T00:00:00.1aZ",
        ])
    func refuses(text: String) { #expect(UTCSecond(text) == nil) }
}

@Suite struct TenantNameTests {
    @Test(
        "A name is a safe directory",
        arguments: [
            ("acme", true), ("a", true), ("0-a_b", true), (String(repeating: "a", count: 64), true),
            (String(repeating: "a", count: 65), false), ("", false), (".", false), ("..", false), ("a.b", false),
            ("a/b", false), ("-a", false), ("_a", false), ("Acme", false), ("ä", false), ("a b", false), ("a\0", false),
        ])
    func isSafe(text: String, isName: Bool) { #expect((TenantName(text) != nil) == isName) }
}

@Suite struct KeyTextTests {
    private struct Counting: RandomNumberGenerator {
        var value: UInt64 = 0x0807_0605_0403_0201
        mutating func next() -> UInt64 {
            defer { value &+= 0x0808_0808_0808_0808 }
            return value
        }
    }

    @Test("A key is 256 random bits in hexadecimal behind a known beginning, and its digest is of the whole text")
    func isMade() {
        var generator = Counting()
        let key = KeyText(using: &generator)
        #expect(key.text == "hms_0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20")
        #expect(key.digest == sha256(Array(key.text.utf8)))
        #expect(KeyText.random().text != KeyText.random().text)
    }
}

@Suite struct AccessScopesTests {
    @Test("Every set of scopes reads back from what it writes", arguments: UInt8(1)...7)
    func readsBack(raw: UInt8) {
        let scopes = AccessScopes(rawValue: raw)
        #expect(AccessScopes(scopes.description) == scopes)
    }

    @Test("What names no scope, or another, is refused", arguments: ["", ",", "read,", "Read", "all", "read ingest"])
    func refuses(text: String) { #expect(AccessScopes(text) == nil) }
}
