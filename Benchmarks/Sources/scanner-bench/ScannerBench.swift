import Glibc
import WireFormat

/// Prints CPU nanoseconds a span: the best and the median of many rounds, as neighbours only ever add.
enum ScannerBench {
    static func run() {
        let large = SampleRequest.traces(spans: 1000)
        let small = SampleRequest.traces(spans: 2)
        print("1000 spans: \(large.count / 1000) bytes a span")
        var scanner = TelemetryScanner(collectsTraces: true)
        measure("scan, 1000 spans", spans: 1000) { scan(&scanner, large) }
        measure("scan, 2 spans", spans: 2) { scan(&scanner, small) }
        var plain = TelemetryScanner(collectsTraces: false)
        measure("scan without traces, 1000 spans", spans: 1000) { scan(&plain, large) }
        var output: [UInt8] = []
        measure("filter, all kept", spans: 1000) {
            output.removeAll(keepingCapacity: true)
            return (try? SpanFilter.copy(large.span, into: &output) { _, _ in true }) ?? -1
        }
        measure("filter, every second kept", spans: 1000) {
            output.removeAll(keepingCapacity: true)
            var index = 0
            let kept = try? SpanFilter.copy(large.span, into: &output) { _, _ in
                index += 1
                return index % 2 == 0
            }
            return (kept ?? -500) * 2
        }
        measure("copyValid", spans: 1000) {
            output.removeAll(keepingCapacity: true)
            return (try? SpanFilter.copyValid(large.span, into: &output)) ?? -1
        }
    }

    private static func scan(_ scanner: inout TelemetryScanner, _ message: [UInt8]) -> Int {
        do {
            try scanner.scan(message.span, as: .traces)
        } catch {
            print("unexpected: \(error)")
        }
        return scanner.items
    }

    /// `body` says how many spans it found, which keeps the work from being optimised away.
    private static func measure(_ name: String, spans: Int, _ body: () -> Int) {
        let repetitions = max(1, 20_000 / spans)
        var rounds: [Double] = []
        for _ in 0..<40 {
            var found = 0
            let start = cpuNanoseconds()
            for _ in 0..<repetitions { found += body() }
            rounds.append(Double(cpuNanoseconds() - start) / Double(repetitions * spans))
            guard found == spans * repetitions else { return print("\(name): found \(found)") }
        }
        rounds.sort()
        print("\(name): best \(tenths(rounds[0])), median \(tenths(rounds[rounds.count / 2])) ns/span")
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private static func cpuNanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
