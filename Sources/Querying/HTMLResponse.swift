import HTTP
import SelfTelemetry
import TraceAssembly

extension HTTPResponse {
    /// A trace as a page to keep: browsers save it, and where one shows it, nothing in it can act.
    static func report(on trace: AssembledTrace, isTruncated: Bool, version: String) -> HTTPResponse {
        var report = TraceHTML.Report(generatedAt: WallClock.unixNanoseconds(), version: version)
        report.isTruncated = isTruncated
        var response = bytes(TraceHTML.write(trace, report), type: "text/html; charset=utf-8")
        response.headers.add("content-disposition", "attachment; filename=\"trace-\(trace.traceID).html\"")
        response.headers.add(
            "content-security-policy", TraceHTML.contentSecurityPolicy + "; frame-ancestors 'none'; sandbox")
        return response
    }
}
