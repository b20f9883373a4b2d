import Glibc
import Summaries
import TraceModel

/// Prints what summaries cost: CPU nanoseconds and bytes a span, best of several rounds, as neighbours only ever add.
enum SummaryBench {
    static func run() {
        let load = SampleLoad(spans: 500_000)
        print("\(load.count) spans of \(load.traces) traces, \(load.minutes) minutes")
        measure("ordinary", load)
        measure("arriving in any order", SampleLoad(spans: 500_000, isShuffled: true))
        measure("an hour, so few spans a minute", SampleLoad(spans: 500_000, minutes: 60))
        measureNames()
    }

    private static func measure(_ name: String, _ load: SampleLoad) {
        var best = (add: Double.infinity, summary: Double.infinity, encode: Double.infinity, decode: Double.infinity)
        var merge = Double.infinity
        var bytes = 0
        var rows = 0
        for _ in 0..<5 {
            var builder = SummaryBuilder(expectedSpans: load.count)
            let digests = load.digests(&builder.symbols)
            let added = time { for digest in digests { builder.add(digest) } }
            var summary = Summary()
            let summed = time { summary = builder.summary() }
            var encoded: [UInt8] = []
            let written = time { encoded = summary.encode() }
            (bytes, rows) = (encoded.count, summary.rows)
            do {
                var decoded = Summary()
                let read = try time { decoded = try Summary(decoding: encoded.span) }
                var sum = summary
                let merged = try time { try sum.merge(decoded) }
                best = (
                    min(best.add, added), min(best.summary, summed), min(best.encode, written), min(best.decode, read)
                )
                merge = min(merge, merged)
            } catch { return print("the summary cannot be read: \(error)") }
        }
        let count = Double(load.count)
        print(
            "\(name): add \(tenths(best.add / count)), summary \(tenths(best.summary / count)), encode "
                + "\(tenths(best.encode / count)) ns/span; \(rows) rows, \(hundredths(Double(bytes) / count)) B/span; "
                + "decode \(tenths(best.decode / 1e6)) ms, merge \(tenths(merge / 1e6)) ms")
    }

    private static func measureNames() {
        let known = SampleLoad.operations.map { Array($0.utf8) }
        let fresh = (0..<100_000).map { Array("GET /claims/\(UInt64($0) * 7_919)/documents/\($0)".utf8) }
        for (name, texts) in [("known names", known), ("names with ids, each new", fresh)] {
            var best = Double.infinity
            for _ in 0..<5 {
                var symbols = SymbolTable()
                for text in known { _ = symbols.operation(ofName: text.span) }
                let rounds = 200_000 / texts.count
                let spent = time {
                    for _ in 0..<rounds { for text in texts { _ = symbols.operation(ofName: text.span) } }
                }
                best = min(best, spent / Double(rounds * texts.count))
            }
            print("\(name): \(tenths(best)) ns/name")
        }
    }

    private static func time(_ body: () throws -> Void) rethrows -> Double {
        let start = cpuNanoseconds()
        try body()
        return Double(cpuNanoseconds() - start)
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
    private static func hundredths(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }

    private static func cpuNanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
