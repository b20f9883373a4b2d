import SelfTelemetry
import Testing

@Suite struct MetricTests {
    @Test("Families come sorted with help and type, one line a series")
    func rendering() {
        let registry = MetricRegistry()
        registry.counter("hms_spans_total", help: "Spans.", labels: ["reason": "ok"]).add(41)
        registry.counter("hms_spans_total", help: "Spans.", labels: ["reason": "ok"]).add()
        registry.counter("hms_spans_total", help: "Spans.", labels: ["reason": "bad"]).add(3 as Int)
        registry.gauge("hms_queue_bytes", help: "Queued\nbytes \\ now.") { 2.5 }
        let connections = registry.gauge("hms_connections", help: "Open.")
        connections.add(5)
        connections.subtract(2)
        registry.counter("hms_read_total", help: "Kept elsewhere.") { 7 }
        #expect(
            registry.render() == """
                # HELP hms_connections Open.
                # TYPE hms_connections gauge
                hms_connections 3
                # HELP hms_queue_bytes Queued\\nbytes \\\\ now.
                # TYPE hms_queue_bytes gauge
                hms_queue_bytes 2.5
                # HELP hms_read_total Kept elsewhere.
                # TYPE hms_read_total counter
                hms_read_total 7
                # HELP hms_spans_total Spans.
                # TYPE hms_spans_total counter
                hms_spans_total{reason="bad"} 3
                hms_spans_total{reason="ok"} 42

                """)
    }

    @Test("Label values are escaped")
    func labelEscapes() {
        let registry = MetricRegistry()
        registry.counter("a_total", help: "h", labels: ["b": "x\"y\\z\nw", "c": "é"]).add()
        #expect(registry.render().hasSuffix("a_total{b=\"x\\\"y\\\\z\\nw\",c=\"é\"} 1\n"))
    }

    @Test("Buckets are cumulative, their bounds included, and agree with the count")
    func histogram() {
        let registry = MetricRegistry()
        let histogram = registry.histogram("wait_seconds", help: "h", labels: ["k": "v"], bounds: [0.5, 1])
        for value in [0.25, 0.5, 0.75, 9] { histogram.observe(value) }
        histogram.observe(.milliseconds(500))
        histogram.observe(.nan)
        #expect(
            registry.render().hasSuffix(
                """
                wait_seconds_bucket{k="v",le="0.5"} 3
                wait_seconds_bucket{k="v",le="1"} 4
                wait_seconds_bucket{k="v",le="+Inf"} 5
                wait_seconds_sum{k="v"} 11
                wait_seconds_count{k="v"} 5

                """))
    }

    @Test("Special numbers are written as Prometheus reads them")
    func specialNumbers() {
        let registry = MetricRegistry()
        registry.gauge("a", help: "h") { .infinity }
        registry.gauge("b", help: "h") { -.infinity }
        registry.gauge("c", help: "h") { .nan }
        registry.gauge("d", help: "h") { 1e300 }
        let values = registry.render().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(values == ["a +Inf", "b -Inf", "c NaN", "d 1e+300"])
    }

    @Test("A family with too many label sets sends the rest to one overflow series")
    func cardinality() {
        let registry = MetricRegistry()
        for number in 0..<(MetricRegistry.maximumSeries + 5) {
            registry.counter("a_total", help: "h", labels: ["n": String(number)]).add()
        }
        let lines = registry.render().split(separator: "\n")
        #expect(lines.count == 2 + MetricRegistry.maximumSeries + 1)
        #expect(lines.contains("a_total{overflow=\"true\"} 5"))
    }

    @Test("Concurrent additions are all counted")
    func concurrency() async {
        let counter = Counter()
        let histogram = Histogram(bounds: [1])
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.add()
                        histogram.observe(2)
                    }
                }
            }
        }
        #expect(counter.value == 40_000)
        #expect(histogram.snapshot.cumulative == [0, 40_000] && histogram.snapshot.sum == 80_000)
    }

    @Test("The process tells its memory, time, descriptors and version")
    func process() {
        let registry = MetricRegistry()
        registry.addProcessMetrics(program: "p", version: "1.2.3")
        let text = registry.render()
        #expect(text.contains("hms_build_info{program=\"p\",version=\"1.2.3\"} 1\n"))
        #expect(text.contains("\nprocess_resident_memory_bytes "))
        #expect(!text.contains("process_resident_memory_bytes 0\n") && !text.contains("process_open_fds 0\n"))
    }
}
