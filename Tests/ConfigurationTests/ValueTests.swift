import Configuration
import Testing

@Suite struct ValueTests {
    @Test(
        "Addresses are read, checked and written back",
        arguments: [
            ("127.0.0.1:4317", "127.0.0.1:4317", true), ("0.0.0.0:0", "0.0.0.0:0", false),
            ("127.9.9.9:65535", "127.9.9.9:65535", true),
            ("[::1]:80", "[::1]:80", true), ("[::]:80", "[::]:80", false), ("[FE80::1:2]:1", "[fe80::1:2]:1", false),
            ("[1:2:3:4:5:6:7:8]:1", "[1:2:3:4:5:6:7:8]:1", false), ("[1::]:1", "[1::]:1", false),
            ("localhost:1", "localhost:1", true),
            ("Collector.example-1.org:14317", "collector.example-1.org:14317", false),
            ("unix:/run/hms.sock", "unix:/run/hms.sock", true),
        ])
    func goodAddress(text: String, written: String, isLoopback: Bool) throws {
        let address = try #require(NetworkAddress(text))
        #expect(address.description == written)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
            "127.0.0.1:080000",
            "127.0.0:1", "127.0.0.1.1:1", "127.0.0.256:1", "127.0.0.01:1", "1.2.3.:1", "::1:80", "[::1]", "[::1:80",
            "[:::1]:80",
            "[1:2]:80", "[1::2::3]:1", "[1:2:3:4:5:6:7:8:9]:1", "[1:2:3:4:5:6:7:8::]:1", "[12345::]:1", "[g::]:1",
            "[:1:2:3:4:5:6:7]:1",
            "-a.b:1", "a-.b:1", "a..b:1", "a b:1", "http://a:1", "unix:relative", "unix:",
            "unix:/" + String(repeating: "x", count: 120),
        ])
    func badAddress(text: String) { #expect(NetworkAddress(text) == nil) }

    @Test(
        "Sizes are read and written with the largest exact unit",
        arguments: [
            ("0", 0, "0"), ("65537", 65_537, "65537"), ("64KiB", 65_536, "64KiB"), ("1024KiB", 1 << 20, "1MiB"),
            ("3 GiB", 3 << 30, "3GiB"),
            ("10B", 10, "10"), ("8191TiB", 8_191 << 40, "8191TiB"),
        ])
    func sizes(text: String, bytes: Int, written: String) {
        #expect(ByteSize.parse(text) == bytes)
        #expect(ByteSize.format(bytes) == written)
    }

    @Test(
        "What is no size is refused",
        arguments: ["", "KiB", "-1", "1.5MiB", "64kb", "64 K iB", "9223372036854775808", "8388608TiB", "１"])
    func badSize(text: String) { #expect(ByteSize.parse(text) == nil) }

    @Test(
        "Times are read and written with the largest exact unit",
        arguments: [
            ("0", Duration.zero, "0"), ("250us", .microseconds(250), "250us"), ("200ms", .milliseconds(200), "200ms"),
            ("1000ms", .seconds(1), "1s"), ("90s", .seconds(90), "90s"), ("10m", .seconds(600), "10m"),
            ("1h", .seconds(3_600), "1h"),
            ("7d", .seconds(604_800), "7d"), ("24h", .seconds(86_400), "1d"),
        ])
    func durations(text: String, duration: Duration, written: String) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.format(duration) == written)
    }

    @Test(
        "What is no time is refused", arguments: ["", "5", "s", "-1s", "1.5s", "1h30m", "1 week", "106751992d", "1S"])
    func badDuration(text: String) { #expect(DurationText.parse(text) == nil) }
}
