import HTTP
import SelfTelemetry
import TraceAssembly
import TraceModel

extension HTTPResponse {
    /// A trace as a page to keep: browsers save it, and where one shows it, nothing in it can act.
    ///
    /// - Parameter view: of the same trace; where another one is meanwhile stored, the page does without what it would tell.
    static func report(
        on trace: AssembledTrace, _ view: TraceView?, isTruncated: Bool, version: String
    ) -> HTTPResponse {
        var report = TraceHTML.Report(generatedAt: WallClock.unixNanoseconds(), version: version)
        report.isTruncated = isTruncated
        if let shape = view?.shape, shape.id == trace.nodes.map(\.spanID.value) {
            report.origins = shape.findings.origins.map { Int($0) }
            if shape.colours.basis != .share {
                report.ranked = shape.colours.step
                report.ranks = shape.colours.rank.map { $0 == TraceColours.noRank ? nil : Double($0) / 10_000 }
            }
            report.clocks = shape.clocks
        }
        var response = bytes(TraceHTML.write(trace, report), type: "text/html; charset=utf-8")
        response.headers.add("content-disposition", "attachment; filename=\"trace-\(trace.traceID).html\"")
        response.headers.add(
            "content-security-policy", TraceHTML.contentSecurityPolicy + "; frame-ancestors 'none'; sandbox")
        return response
    }
}

extension TraceShape {
    /// Of hosts whose clock is compared with another one's.
    fileprivate var clocks: [TraceHTML.Clock] {
        zip(findings.clocks, hosts.indices).compactMap { clock, host in
            guard let clock, Int(clock.reference) != host else { return nil }
            return TraceHTML.Clock(
                host: hostName(host), reference: hostName(Int(clock.reference)), low: clock.low, high: clock.high)
        }
    }
}
