import OTLP
import TraceAssembly
import TraceModel

/// Everything that assembly says about one trace, as text that a person can check line by line. Times are exact, counted
/// from the start of the trace. See `Golden/README.md`.
func goldenText(_ trace: AssembledTrace) -> String {
    let columns = TraceColumns(trace)
    let skew = columns.skew
    let origins = columns.origins(isAsync: skew.isAsync)
    let folds = Dictionary(uniqueKeysWithValues: columns.folds.map { ($0.first, $0) })
    let stretches = Dictionary(grouping: trace.criticalPath, by: \.node)
    let summary = trace.summary
    var lines: [String] = []

    lines.append(
        "trace \(exact(summary.duration)), critical \(exact(summary.criticalTime)), uncovered "
            + exact(columns.uncovered))
    var counts = ["spans \(summary.spanCount)", "errors \(summary.errorCount)", "depth \(summary.maxDepth)"]
    if summary.missingCount > 0 { counts.append("missing \(summary.missingCount)") }
    if summary.duplicateCount > 0 { counts.append("copies \(summary.duplicateCount)") }
    if summary.conflictCount > 0 { counts.append("conflicts \(summary.conflictCount)") }
    lines.append(counts.joined(separator: ", "))
    lines.append(
        "root "
            + (summary.rootSpanID.map { "\(short($0)) \(plain(summary.rootService)) \(quoted(summary.rootName))" }
                ?? "none"))
    lines.append(
        "services " + summary.services.map { "\(plain($0.name)) \($0.spans)/\($0.errors)" }.joined(separator: ", "))
    for (host, offset) in skew.offsets.enumerated() {
        guard let offset, offset.reference != UInt32(host) else { continue }
        lines.append(
            "clock \(columns.hosts[host]) - \(columns.hosts[Int(offset.reference)]): \(exact(offset.low)) to "
                + "\(exact(offset.high)), middle \(exact(offset.mid)), pairs \(offset.pairs)")
    }
    lines.append("")

    let targets = linkTargets(trace)
    for (index, node) in trace.nodes.enumerated() {
        var parts = [short(node.spanID)]
        if let span = node.span {
            parts.append("\(plain(span.serviceName)) \(quoted(span.name)) \(span.kind)")
        } else {
            parts.append("(missing)")
        }
        parts.append("at \(exact(node.start - summary.start)) for \(exact(node.duration))")
        parts.append("self \(exact(node.selfTime))")
        parts.append("critical \(exact(node.criticalTime)) step \(node.latencyStep.rawValue)")
        let path = (stretches[index] ?? []).map {
            exact($0.start - summary.start) + ".." + exact($0.end - summary.start)
        }
        var line = parts.joined(separator: " | ")
        if !path.isEmpty { line += " | path " + path.joined(separator: " ") }
        if node.isError { line += " | " + (origins.isOrigin[index] ? "origin" : "error") }
        if skew.isAsync[index] { line += " | async" }
        if let fold = folds[index] {
            line +=
                " | fold \(fold.siblings) siblings \(fold.nodes) nodes \(exact(fold.duration)) errors \(fold.errors)"
        }
        if skew.shift(of: index) != 0 { line += " | shift \(exact(skew.shift(of: index)))" }
        let out = (node.span?.links ?? []).map { link in
            link.traceID == trace.traceID ? short(link.spanID) : "\(link.traceID)/\(short(link.spanID))"
        }
        if !out.isEmpty { line += " | links to " + out.joined(separator: " ") }
        if let back = targets[node.spanID] { line += " | linked from " + back.map(short).joined(separator: " ") }
        if !node.variants.isEmpty {
            line += " | variants " + node.variants.map { quoted($0.name) }.joined(separator: " ")
        }
        if node.copies > 1 { line += " | copies \(node.copies)" }
        if !node.oddities.isEmpty { line += " | " + node.oddities.words.joined(separator: " ") }
        lines.append(String(repeating: "  ", count: node.depth) + line)
    }
    return lines.joined(separator: "\n") + "\n"
}

/// For each span that others of the trace link to: those, in the order of the tree.
private func linkTargets(_ trace: AssembledTrace) -> [SpanID: [SpanID]] {
    var targets: [SpanID: [SpanID]] = [:]
    for node in trace.nodes {
        for link in node.span?.links ?? [] where link.traceID == trace.traceID {
            targets[link.spanID, default: []].append(node.spanID)
        }
    }
    return targets
}

/// Without the zeros in front.
private func short(_ id: SpanID) -> String { String(id.value, radix: 16) }

/// In the largest unit that divides it.
func exact(_ nanoseconds: some FixedWidthInteger) -> String {
    for (unit, name) in [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")] as [(Int64, String)] {
        let (quotient, remainder) = Int128(nanoseconds).quotientAndRemainder(dividingBy: Int128(unit))
        if nanoseconds != 0, remainder == 0 { return "\(quotient)\(name)" }
    }
    return nanoseconds == 0 ? "0" : "\(nanoseconds)ns"
}

/// As in a trace file: whatever is not plain ASCII is written out.
private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"", "\\": result += "\\" + String(scalar)
        case " "..."~": result.unicodeScalars.append(scalar)
        default: result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        }
    }
    return result + "\""
}

/// Quoted unless it is a word.
private func plain(_ text: String) -> String {
    let isWord = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    return isWord && !text.isEmpty ? text : quoted(text)
}
