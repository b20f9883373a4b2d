import Testing

@testable import MetricDoors

@Suite struct PushedMetricsTests {
    /// The names that the founding documents use.
    static let catalogue = [
        "api.response_time", "hitl.override_rate", "etl.jobs_started", "etl.records_processed", "etl.errors",
        "etl.duration_seconds", "eligibility.latency_ms", "req_ms", "req_ms_sum", "req_ms_count", "http_errors",
        "http_errors_total", "payment_latency_ms", "ach_batch_size", "ach_latency_ms", "ach_flagged_total",
        "job_queue_depth", "job_fail_total", "a2a_transfer_ms", "a2a_failed_total", "activities_pending",
        "activities_error_total", "esq_conflicts_total", "esq_latency_ms", "page_load_ms", "citizen_satisfaction_score",
        "refund_pdf_total", "vet_denied_total",
    ]

    private func read(_ text: String) throws(PushedMetrics.Refusal) -> [PushedMetrics.Sample] {
        try PushedMetrics(Array(text.utf8)).samples
    }

    @Test("Every name of the catalogue is read in each of the four shapes, and in arrays of them", arguments: catalogue)
    func shapes(name: String) throws {
        let untyped: PushedMetrics.Kind = name.hasSuffix("_total") ? .count : .gauge
        let tagged = #"{"name":"\#(name)","value":0.42,"tags":{"endpoint":"/x","a":1}}"#
        let typed = #"{"metric":"\#(name)","value":2,"type":"count"}"#
        let plain = #"{"name":"\#(name)","value":-1.5e1}"#
        let flat = #"{"\#(name)":2900}"#
        #expect(
            try read(tagged) == [
                .init(name: name, kind: untyped, value: 0.42, tags: [Label("a", "1"), Label("endpoint", "/x")])
            ])
        #expect(try read(typed) == [.init(name: name, kind: .count, value: 2, tags: [])])
        #expect(try read(plain) == [.init(name: name, kind: untyped, value: -15, tags: [])])
        #expect(try read(flat) == [.init(name: name, kind: untyped, value: 2900, tags: [])])
        #expect(try read("[\(tagged),\(typed),\(plain),\(flat)]").count == 4)
        let family = try PushedMetrics(Array(typed.utf8)).families(now: 100)[0]
        #expect(family.name == name && family.shape == .sum(isMonotonic: true, isCumulative: false))
        #expect(family.points[0].start == 99 && family.points[0].time == 100)
        let suffixed = name.hasSuffix("_ms") ? "ms" : name.hasSuffix("_seconds") ? "s" : ""
        #expect(family.unit == suffixed)
    }

    @Test("Without tags, with empty tags and with null it is the same series; flat objects may hold several metrics")
    func equivalents() throws {
        let plain = try read(#"{"name":"a","value":1}"#)
        #expect(try read(#"{"name":"a","value":1,"tags":{}}"#) == plain)
        #expect(try read(#"{"name":"a","value":1,"tags":null}"#) == plain)
        #expect(try read(#"{"a":1,"b":2}"#).map(\.name) == ["a", "b"])
        #expect(try read(#"{"name":3}"#).map(\.name) == ["name"])  // A metric that is called so.
        #expect(try read("[]") == [])
    }

    @Test(
        "Anything else is refused, and the reason names what is wrong",
        arguments: [
            ("", "the body is not JSON"), ("nonsense", "the body is not JSON"), ("3", "the body is no JSON object"),
            ("null", "the body is no JSON object"), ("{}", "the body is an empty object"),
            (#"{"name":"a"}"#, "the body has no 'value'"), (#"{"name":"a","value":"1"}"#, "'value' is no number"),
            (#"{"name":"a","value":1e999}"#, "'value' is no number"), (#"{"name":"","value":1}"#, "not 1 to 255 bytes"),
            (#"{"name":"a","metric":"b","value":1}"#, "both 'name' and 'metric'"),
            (#"{"metric":"a","value":1,"type":"rate"}"#, "'type' is neither"),
            (#"{"name":"a","value":1,"tags":[1]}"#, "'tags' is no object"),
            (#"{"name":"a","value":1,"tags":{"b":{}}}"#, "tag 'b' is neither"),
            (#"{"name":"a","value":1,"extra":2}"#, "unknown member 'extra'"),
            (#"{"a":true}"#, "value of 'a' is no number"),
            (#"[{"a":1},{"b":"x"}]"#, "element 1: the value of 'b'"), (#"{"a":1,"a":2}"#, "occurs twice"),
            ("[[[[[1]]]]]", "nested deeper"), (#"{"a\u0007b":1}"#, "control character"),
        ])
    func refusals(body: String, reason: String) {
        let refusal = #expect(throws: PushedMetrics.Refusal.self) { try read(body) }
        #expect(refusal?.description.contains(reason) == true, "\(refusal?.description ?? "")")
    }

    @Test("Each push is a data point with a time of its own")
    func points() throws {
        let pushed = try PushedMetrics(Array(#"[{"a":1},{"b":2},{"a":3}]"#.utf8))
        let families = pushed.families(now: 1000)
        #expect(families.map(\.name) == ["a", "b"])
        #expect(families["a"]?.points.map(\.time) == [1000, 1002])
        #expect(families["a"]?.points.map(\.value) == [.double(1), .double(3)])
    }
}
