import SelfTelemetry
import Synchronization
import Testing

/// A log whose clock is set by hand and whose lines are kept.
private final class Recorder: Sendable {
    private let lines = Mutex<[String]>([])
    private let seconds = Mutex<UInt64>(0)

    func log(level: Log.Level = .debug, format: Log.Format = .keyValue, burst: Int = 1_000) -> Log {
        Log(
            level: level, format: format, burst: burst,
            clock: {
                let now = self.seconds.withLock { $0 } * 1_000_000_000
                return Log.Instant(unixNanoseconds: 1_763_642_538_123_999_999 + now, monotonicNanoseconds: now)
            },
            sink: { line in self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } })
    }
    func advance(seconds amount: UInt64) { seconds.withLock { $0 += amount } }
    var written: [String] { lines.withLock { $0 } }
}

@Suite struct LogTests {
    @Test("A line holds time, level, event, message and fields, quoted where needed")
    func keyValue() {
        let recorder = Recorder()
        recorder.log().warning(
            "forward.retry", "no answer", ["collector": "127.0.0.1:14317", "attempt": 3, "odd": "a=b", "empty": ""])
        #expect(
            recorder.written == [
                "time=2025-11-20T12:42:18.123Z level=warning event=forward.retry message=\"no answer\" "
                    + "collector=127.0.0.1:14317 attempt=3 odd=\"a=b\" empty=\"\"\n"
            ])
    }

    @Test("JSON keeps numbers and truth values bare")
    func json() {
        let recorder = Recorder()
        recorder.log(format: .json).info(
            "a.b", "say \"hi\"", ["n": 3, "yes": true, "x": 1.5, "bad": Double.nan, "s": "3"])
        #expect(
            recorder.written == [
                #"{"time":"2025-11-20T12:42:18.123Z","level":"info","event":"a.b","message":"say \"hi\"","n":3,"#
                    + #""yes":true,"x":1.5,"bad":"nan","s":"3"}"# + "\n"
            ])
    }

    @Test(
        "Characters that break lines, move cursors or turn text around are written by number",
        arguments: [
            ("a\nb", #""a\nb""#, #""a\nb""#), ("\u{1B}[31mred", #""\u{1b}[31mred""#, #""\u001b[31mred""#),
            ("x\u{202E}y", #""x\u{202e}y""#, #""x\u202ey""#), ("x\u{2066}y", #""x\u{2066}y""#, #""x\u2066y""#),
            ("x\u{2028}y", #""x\u{2028}y""#, #""x\u2028y""#), ("\u{7F}\u{9B}", #""\u{7f}\u{9b}""#, #""\u007f\u009b""#),
            ("\u{0}", #""\u{0}""#, #""\u0000""#), ("\u{E0001}", #""\u{e0001}""#, #""\udb40\udc01""#),
            ("C:\\x", #""C:\\x""#, #""C:\\x""#), ("tab\t\r", #""tab\t\r""#, #""tab\t\r""#),
            ("naïve 漢", "\"naïve 漢\"", "\"naïve 漢\""),
        ])
    func escapes(value: String, keyValue: String, json: String) {
        let recorder = Recorder()
        recorder.log().info("e", "m", ["v": value])
        recorder.log(format: .json).info("e", "m", ["v": value])
        #expect(recorder.written[0].hasSuffix(" v=\(keyValue)\n"))
        #expect(recorder.written[1].hasSuffix(",\"v\":\(json)}\n"))
    }

    @Test(
        "A line is never longer than 1 KiB, stays well formed and says that it was cut", arguments: Log.Format.allCases)
    func longLines(format: Log.Format) {
        for length in [900, 920, 940, 950, 960, 970, 980, 1_000, 100_000] {
            for unit in ["x", "\u{1B}", "漢"] {
                let recorder = Recorder()
                recorder.log(format: format).error("e", String(repeating: unit, count: length), ["later": 1])
                let line = recorder.written[0]
                #expect(line.utf8.count <= 1_024)
                #expect(line.dropLast().contains("\n") == false && line.hasSuffix("\n"))
                let isCut = line.contains("truncated")
                #expect(isCut == !line.contains("later"))
                if format == .json { #expect(line.hasSuffix(isCut ? "\"truncated\":true}\n" : "\"later\":1}\n")) }
                if length == 100_000 { #expect(isCut && line.utf8.count > 950) }
            }
        }
    }

    @Test("Events under the level are not written")
    func level() {
        let recorder = Recorder()
        let log = recorder.log(level: .warning)
        log.debug("e", "m")
        log.info("e", "m")
        log.warning("w", "m")
        log.error("x", "m")
        #expect(recorder.written.count == 2)
    }

    @Test("A flood of one event is cut to a burst and one a second, and the next line says how many were left out")
    func rateLimit() {
        let recorder = Recorder()
        let log = recorder.log(burst: 3)
        for _ in 0..<100 { log.info("flood", "m") }
        log.info("other", "m")
        #expect(recorder.written.count == 4)
        recorder.advance(seconds: 1)
        for _ in 0..<5 { log.info("flood", "m") }
        #expect(recorder.written.count == 5)
        #expect(recorder.written[4].contains(" event=flood suppressed=97 message=m\n"))
        recorder.advance(seconds: 3_600)
        for _ in 0..<5 { log.info("flood", "m") }
        #expect(recorder.written.count == 8)
        #expect(recorder.written[5].contains(" suppressed=4 "))
        #expect(!recorder.written[6].contains("suppressed"))
    }

    @Test(
        "Times are RFC 3339 in UTC, leap years and the last 64-bit nanosecond included",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999_999_999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
            (UInt64.max, "2554-07-21T23:34:33.709Z"),
        ])
    func times(nanoseconds: UInt64, text: String) {
        #expect(WallClock.rfc3339(unixNanoseconds: nanoseconds) == text)
    }
}
