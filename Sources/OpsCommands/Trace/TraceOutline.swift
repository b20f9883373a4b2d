package import TraceAssembly

/// The tree of a trace, a line for each span: duration, a bar where it lies in time, name and service.
package enum TraceOutline {
    package static func text(_ trace: AssembledTrace, width: Int, style: TextStyle) -> String {
        let start = trace.nodes.map(\.start).min() ?? 0
        let end = max(start + 1, trace.nodes.map(\.end).max() ?? 0)
        let barWidth = max(10, min(40, width / 4))
        var text = "\(style.bold("trace \(trace.traceID)"))  \(trace.nodes.count) spans, \(duration(end - start))\n"
        for node in trace.nodes {
            let scale = Double(barWidth) / Double(end - start)
            let from = min(barWidth - 1, Int(Double(node.start &- start) * scale))
            let length = max(1, min(barWidth - from, Int((Double(node.duration) * scale).rounded())))
            let bar =
                String(repeating: " ", count: from) + String(repeating: "█", count: length)
                + String(repeating: " ", count: barWidth - from - length)
            let name =
                node.isMissing ? "(span \(node.spanID) is missing)" : printable("\(node.name) · \(node.serviceName)")
            let time = duration(node.duration)
            text += String(repeating: " ", count: max(0, 10 - time.count)) + time + " "
            text += node.isOnCriticalPath ? style.red(bar) : style.cyan(bar)
            text += " " + String(repeating: "  ", count: min(node.depth, 30)) + (node.isError ? "✗ " : "") + name + "\n"
        }
        return text
    }

    private static func duration(_ nanoseconds: UInt64) -> String {
        switch nanoseconds {
        case ..<1_000: "\(nanoseconds) ns"
        case ..<1_000_000: "\(nanoseconds / 1_000) µs"
        case ..<1_000_000_000: "\(nanoseconds / 1_000_000).\(nanoseconds / 100_000 % 10) ms"
        default:
            "\(nanoseconds / 1_000_000_000).\(nanoseconds / 10_000_000 % 100 / 10)\(nanoseconds / 10_000_000 % 10) s"
        }
    }

    /// Without what could steer a terminal or turn its text round.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter {
                    $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
                }))
    }
}
