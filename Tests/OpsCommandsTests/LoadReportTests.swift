import OpsCommands
import Testing

@Suite("Reports of load")
struct LoadReportTests {
    func report() -> LoadReport {
        var report = LoadReport(mode: .grpc, batch: 10)
        report.sentSpans = 30
        report.ackedSpans = 20
        report.ackedTraces = 4
        report.bytes = 2_097_152
        report.seconds = 2
        report.latencies.add(nanoseconds: 1_000_000)
        report.countFailure("HTTP 503")
        return report
    }

    @Test("The JSON line has every figure")
    func json() {
        #expect(
            report().json() == #"{"mode":"grpc","batch":10,"sent_spans":30,"acked_spans":20,"acked_traces":4,"#
                + #""bytes":2097152,"seconds":2.0,"acked_spans_per_second":10.0,"#
                + #""latency_ms":{"p50":1.0,"p90":1.0,"p99":1.0,"max":1.0},"failures":{"HTTP 503":1}}"#)
    }

    @Test("The table says the same to a person")
    func table() {
        #expect(
            report().table(style: TextStyle(isColoured: false)) == """
                20 of 30 spans acknowledged in 2.00 s
                rate      10 spans/s, 1.0 MiB/s
                latency   p50 1.00  p90 1.00  p99 1.00  max 1.00 ms
                failed    1 × HTTP 503

                """)
    }

    @Test(
        "The exit code tells all, some or none",
        arguments: [(30, ExitCode.success), (20, .negative), (0, .failure)] as [(UInt64, ExitCode)])
    func exitCode(acked: UInt64, code: ExitCode) {
        var report = report()
        report.ackedSpans = acked
        #expect(report.exitCode == code)
    }

    @Test("Reasons without end are counted under one name")
    func manyReasons() {
        var report = LoadReport(mode: .http1, batch: 1)
        for number in 0..<100 { report.countFailure("reason \(number)") }
        #expect(report.failures.count == 33)
        #expect(report.failures["other"] == 68)
        #expect(report.failedRequests == 100)
    }

    @Test("Acknowledged requests are kept as ranges, whatever order they come in")
    func ranges() {
        var acked = AckedRequests()
        for number in [0, 2, 1, 3, 4, 9, 8] as [UInt64] { acked.add(number) }
        #expect(acked.ranges.flatMap { Array($0) }.sorted() == [0, 1, 2, 3, 4, 8, 9])
        #expect(acked.ranges.count == 3)
    }
}
