import WireFormat

/// Tells what a protobuf request is about by which of the three schemas fits it: a span's first field is its 16-byte trace
/// id, a metric's its name, a log record's a fixed number. Keeps its tables.
struct SignalGuesser {
    private var scanner = TelemetryScanner(collectsTraces: false)

    mutating func kind(of message: Span<UInt8>) throws(WireError) -> SignalKind {
        var fault: WireError?
        do throws(WireError) {
            try scanner.scan(message, as: .traces)
            if scanner.items > 0 || scanner.refusedCount == 0 { return .traces }
        } catch { fault = error }
        for kind in [SignalKind.logs, .metrics] {
            do throws(WireError) {
                try scanner.scan(message, as: kind)
                if scanner.items > 0 { return kind }
            } catch {}
        }
        // Spans that are all refused, and what fits nowhere.
        if let fault { throw fault }
        return .traces
    }
}
