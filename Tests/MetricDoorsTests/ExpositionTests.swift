import SelfTelemetry
import Testing

@testable import MetricDoors

@Suite struct ExpositionTests {
    private func parse(_ text: String, openMetrics: Bool = false, max: Int = 1000) throws(Exposition.Limit)
        -> Exposition
    {
        try ExpositionParser.parse(Array(text.utf8), isOpenMetrics: openMetrics, maxSamples: max)
    }

    @Test("Metadata, labels with escapes, timestamps and special values are read")
    func text() throws {
        let found = try parse(
            """
            # HELP a_total How often\\nit was.
            # TYPE a_total counter
            # a comment of somebody
            a_total{path="/x\\\\y",say="\\"hi\\"\\n" , } 3 1395066363000
            a_total 1e3
              up   1\t
            x{} NaN
            y +Inf
            z -Inf
            {"quoted.name",k="v"} 1
            """)
        #expect(found.faultCount == 0)
        #expect(found.families.map(\.name) == ["a_total", "up", "x", "y", "z", "quoted.name"])
        let family = found.families[0]
        #expect(family.kind == .counter && family.help == "How often\nit was.")
        #expect(family.samples[0].labels == [Label("path", "/x\\y"), Label("say", "\"hi\"\n")])
        #expect(family.samples[0].time == 1_395_066_363_000_000_000)
        #expect(family.samples[1].value == 1000)
        #expect(found.families[2].samples[0].value.isNaN)
        #expect(found.families[3].samples[0].value == .infinity)
    }

    @Test("OpenMetrics: seconds, units, exemplars that are passed over, and nothing behind the end mark")
    func openMetrics() throws {
        let found = try parse(
            """
            # TYPE req_seconds histogram
            # UNIT req_seconds seconds
            req_seconds_bucket{le="1"} 2 # {trace_id="abc"} 0.5 1.5
            req_seconds_bucket{le="+Inf"} 3 1520879607.789
            req_seconds_sum 4
            req_seconds_count 3
            req_seconds_created 1520430000.123
            # EOF
            rubbish
            """, openMetrics: true)
        #expect(found.faultCount == 0 && found.families.count == 1)
        #expect(found.families[0].unit == "seconds" && found.families[0].samples.count == 5)
        #expect(
            found.families[0].samples[1].time == 1_520_879_607_789_000_000 || found.families[0].samples[1].time != nil)
    }

    @Test(
        "Lines that cannot be read are counted with their number; the others stand",
        arguments: [
            "a{b=\"c} 1", "a{b=c} 1", "a{b} 1", "a 1 x", "a", "a{", "9a 1", "a{b=\"1\",b=\"2\"} 1", "a one",
            "a{b=\"1\" c=\"2\"} 1",
            "<html>", "a 1 2 3", "{} 1", "{\"a\"b=\"1\"} 1", "a{b=\"\\",
        ])
    func faults(line: String) throws {
        let found = try parse("ok 1\n\(line)\nalso 2\n")
        #expect(found.faultCount == 1 && found.firstFault?.line == 2)
        #expect(found.families.map(\.name) == ["ok", "also"])
    }

    @Test("The text of the founding document is read right: comments first, then the figures")
    func seedText() throws {
        // Where the first line that holds a name is its comment, looking for the name alone finds the wrong line.
        let found = try parse(
            "# HELP req_ms request latency 99\n# TYPE req_ms summary\nreq_ms_count 4.0\nreq_ms_sum 812.5\n"
                + "# HELP http_errors_total errors\n# TYPE http_errors_total counter\nhttp_errors_total 1.0\n")
        #expect(found.families.map(\.kind) == [.summary, .counter])
        var memory = ScrapeMemory()
        let families = memory.families(found, now: 1000)
        guard case .summary(let summary)? = families["req_ms"]?.points[0].value else {
            Issue.record("no summary"); return
        }
        #expect(summary.count == 4 && summary.sum == 812.5)
        #expect(families["http_errors_total"]?.number() == 1)
        #expect(families["req_ms"]?.unit == "ms")
    }

    @Test("A target with too many samples is refused whole")
    func limit() throws {
        #expect(throws: Exposition.Limit.samples(2)) { try parse("a 1\nb 2\nc 3\n", max: 2) }
        #expect(try parse("a 1\nb 2\n", max: 2).sampleCount == 2)
    }

    @Test("Counters count from when they were first seen, and anew after a reset; gauges have no start")
    func resets() throws {
        var memory = ScrapeMemory()
        func scrape(_ value: Int, at now: UInt64) throws -> MetricPoint? {
            let text = "# TYPE a_total counter\na_total{i=\"1\"} \(value)\n# TYPE g gauge\ng 5\n"
            let families = memory.families(try parse(text), now: now)
            #expect(families["g"]?.points[0].start == 0)
            #expect(families["a_total"]?.shape == .sum(isMonotonic: true, isCumulative: true))
            return families["a_total"]?.points[0]
        }
        #expect(try scrape(10, at: 1000)?.start == 1000)
        #expect(try scrape(15, at: 2000)?.start == 1000)
        #expect(try scrape(3, at: 3000)?.start == 2000)
        #expect(try scrape(9, at: 4000)?.start == 2000)
        // A series that was away begins anew.
        _ = memory.families(try parse("g 5\n"), now: 5000)
        #expect(memory.seriesCount == 0)
        #expect(try scrape(20, at: 6000)?.start == 6000)
    }

    @Test("What the target says about its start is believed where it can be true")
    func created() throws {
        let now: UInt64 = 1_700_000_000_000_000_000
        func start(_ extra: String) throws -> UInt64? {
            var memory = ScrapeMemory()
            let text = "# TYPE a counter\na_total 5\n\(extra)"
            return memory.families(try parse(text, openMetrics: true), now: now)["a_total"]?.points[0].start
        }
        #expect(try start("a_created 1600000000\n") == 1_600_000_000_000_000_000)
        #expect(try start("a_created 1800000000\n") == now)
        #expect(
            try start("# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1650000000\n")
                == 1_650_000_000_000_000_000)
    }

    @Test("Histograms: buckets no longer cumulative, bounds without infinity; ones that fall are left out")
    func histograms() throws {
        var memory = ScrapeMemory()
        let text = """
            # TYPE h histogram
            h_bucket{a="1",le="0.5"} 2
            h_bucket{a="1",le="1"} 5
            h_bucket{a="1",le="+Inf"} 7
            h_sum{a="1"} 9.5
            h_count{a="1"} 7
            h_bucket{a="2",le="1"} 5
            h_bucket{a="2",le="+Inf"} 4
            """
        let families = memory.families(try parse(text), now: 1)
        #expect(families.count == 1 && families[0].points.count == 1)
        #expect(families[0].points[0].attributes == [Label("a", "1")])
        #expect(
            families[0].points[0].value
                == .histogram(HistogramValue(count: 7, sum: 9.5, bounds: [0.5, 1], counts: [2, 3, 2])))
    }

    @Test("Summaries keep their quantiles, as far as those are any")
    func summaries() throws {
        var memory = ScrapeMemory()
        let text =
            "# TYPE s summary\ns{quantile=\"0.9\"} 3\ns{quantile=\"0.5\"} 1\ns{quantile=\"7\"} 1\ns_sum 8\ns_count 4\n"
        let families = memory.families(try parse(text), now: 1)
        #expect(
            families[0].points[0].value
                == .summary(
                    SummaryValue(
                        count: 4, sum: 8, quantiles: [.init(quantile: 0.5, value: 1), .init(quantile: 0.9, value: 3)])))
    }

    @Test("What is exposed is text that our own parser reads back, dots turned to underscores, for the whole catalogue")
    func table() throws {
        let table = ExpositionTable(program: "test", registry: MetricRegistry())
        for name in PushedMetricsTests.catalogue {
            for body in [
                #"{"metric":"\#(name)","value":2,"type":"count"}"#, #"{"metric":"\#(name)","value":3,"type":"count"}"#,
            ] {
                table.note(try PushedMetrics(Array(body.utf8)).families(now: 10), now: 10)
            }
        }
        let found = try parse(String(decoding: table.render(), as: UTF8.self))
        #expect(found.faultCount == 0)
        let names = PushedMetricsTests.catalogue.map { $0.replacing(".", with: "_") }
        #expect(Set(found.families.map(\.name)) == Set(names))
        #expect(found.families.allSatisfy { $0.kind == .counter && $0.samples.map(\.value) == [5] })
    }

    @Test("Gauges show the last value, odd names and labels are cleaned and escaped, and a second type is left out")
    func names() throws {
        let table = ExpositionTable(program: "test", registry: MetricRegistry())
        let body =
            #"[{"name":"9 lives-ü","value":1,"tags":{"a.b":"x\"\\\n"}},{"name":"9 lives-ü","value":2,"tags":{"a.b":"x\"\\\n"}}]"#
        table.note(try PushedMetrics(Array(body.utf8)).families(now: 10), now: 10)
        table.note(
            try PushedMetrics(Array(#"{"metric":"9 lives-ü","value":1,"type":"count"}"#.utf8)).families(now: 11),
            now: 11)
        #expect(
            String(decoding: table.render(), as: UTF8.self)
                == "# TYPE _9_lives__ gauge\n_9_lives__{a_b=\"x\\\"\\\\\\n\"} 2\n")
    }

    @Test("The table is bounded; what was not renewed for ten minutes makes room")
    func bounded() throws {
        let table = ExpositionTable(maxSeries: 2, program: "test", registry: MetricRegistry())
        func push(_ name: String, at now: UInt64) throws {
            table.note(try PushedMetrics(Array("{\"\(name)\":1}".utf8)).families(now: now), now: now)
        }
        let minute: UInt64 = 60_000_000_000
        try push("a", at: minute)
        try push("b", at: 9 * minute)
        try push("c", at: 10 * minute)
        #expect(!String(decoding: table.render(), as: UTF8.self).contains("c 1"))
        try push("c", at: 12 * minute)
        #expect(String(decoding: table.render(), as: UTF8.self) == "# TYPE b gauge\nb 1\n# TYPE c gauge\nc 1\n")
    }
}
