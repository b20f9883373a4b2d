import TraceAssembly

/// What `hms-ops search` prints.
struct SearchReport {
    private let style: TextStyle
    private let idsOnly: Bool
    private var hasHead = false

    init(style: TextStyle, idsOnly: Bool) {
        self.style = style
        self.idsOnly = idsOnly
    }

    mutating func text(_ page: FoundPage) -> String { text(page.traces) }

    /// One line a trace: the columns have fixed widths, as pages come one after the other.
    mutating func text(_ traces: [FoundPage.Trace]) -> String {
        if idsOnly { return traces.map { $0.id.withoutControls + "\n" }.joined() }
        var text = ""
        if !hasHead, !traces.isEmpty {
            hasHead = true
            text += style.dim(line("trace", "began (UTC)", "lasted", "spans", "errors", "root")) + "\n"
        }
        for trace in traces {
            let root = [trace.rootService, trace.rootName].filter { !$0.isEmpty }.joined(separator: " ")
            let row = line(
                trace.id, TimeText.moment(trace.start), TimeText.duration(trace.duration), "\(trace.spans)",
                trace.errors > 0 ? "\(trace.errors)" : "-", root)
            text += (trace.errors > 0 ? style.red(row) : row) + "\n"
            if let missing = trace.unknownBecause {
                text += style.dim("  ? not certain: span \(missing.withoutControls) did not arrive") + "\n"
            }
        }
        return text
    }

    private func line(
        _ id: String, _ start: String, _ duration: String, _ spans: String, _ errors: String, _ root: String
    ) -> String {
        func left(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        func right(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        return [
            left(id.withoutControls, 32), left(start, 27), right(duration, 9), right(spans, 7), right(errors, 6),
            root.withoutControls,
        ].joined(separator: "  ")
    }

    func progress(_ page: FoundPage) -> String {
        let place = page.searchedBackTo.map { ", back to \(TimeText.moment($0))" } ?? ""
        return "searching… \(page.framesRead) of \(page.framesToRead) frames in this step\(place)\n"
    }

    func end(_ page: FoundPage, found: Int) -> String {
        if !page.isComplete {
            return "The search ended before everything was read; narrow it with --from, or by a service.\n"
        }
        if found == 0 { return "No trace satisfies this. Is the time range right, and has the data arrived?\n" }
        return page.isTruncated ? "There are more; ask for them with --limit.\n" : ""
    }
}
