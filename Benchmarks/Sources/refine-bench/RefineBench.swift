import Glibc
import Refining
import WireFormat

/// Prints CPU nanoseconds a span of what the sidecar does between its doors and the spool: best and median of many rounds, as
/// neighbours only ever add.
enum RefineBench {
    static func run() {
        do {
            let redaction = RefiningRules.RedactionOptions()
            let refiner = Refiner(try RefiningRules(redaction: redaction, sampling: "", attributes: []))
            for content in SampleRequest.Content.allCases {
                let message = SampleRequest.traces(spans: 1000, content: content)
                measure("redact, \(content.rawValue), \(message.count / 1000) bytes a span", refiner, message)
            }
            measure("redact, clean, requests of 2 spans", refiner, SampleRequest.traces(spans: 2), spans: 2)
            let place = [
                ("k8s.pod.name", "checkout-7d9f"), ("k8s.namespace.name", "shop"), ("k8s.node.name", "node-7"),
            ]
            let enriching = Refiner(try RefiningRules(redaction: redaction, sampling: "", attributes: place))
            measure("redact and enrich, clean", enriching, SampleRequest.traces(spans: 1000))
            let sampling = Refiner(try RefiningRules(redaction: redaction, sampling: "ratio=0.1", attributes: []))
            measure("redact and keep a tenth", sampling, SampleRequest.traces(spans: 1000))
            measure("redact, enrich, sample: no rule", Refiner(.none), SampleRequest.traces(spans: 1000))
        } catch {
            print("the rules are wrong: \(error)")
        }
    }

    private static func measure(_ name: String, _ refiner: Refiner, _ message: [UInt8], spans: Int = 1000) {
        let repetitions = max(1, 20_000 / spans)
        var rounds: [Double] = []
        var output: [UInt8] = []
        var changed = false
        for _ in 0..<40 {
            let start = cpuNanoseconds()
            for _ in 0..<repetitions {
                output.removeAll(keepingCapacity: true)
                do { changed = try refiner.refine(message.span, .traces, into: &output).isChanged } catch {
                    return print(error)
                }
            }
            rounds.append(Double(cpuNanoseconds() - start) / Double(repetitions * spans))
        }
        rounds.sort()
        let (best, median) = (tenths(rounds[0]), tenths(rounds[rounds.count / 2]))
        print("\(name): best \(best), median \(median) ns/span\(changed ? ", changed" : "")")
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private static func cpuNanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
