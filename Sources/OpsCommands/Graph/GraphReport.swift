import CallGraph
import TraceAssembly

/// What `hms-ops graph` prints for people.
struct GraphReport {
    let style: TextStyle

    /// Nodes and edges, each a table.
    func text(_ answer: GraphAnswer) -> String {
        var nodes = TextTable(
            ["node", "kind", "calls", "a second", "errors", "p50", "p95", "p99", "latency"], leading: 2)
        for node in answer.picture.nodes {
            nodes.add(
                [Self.shown(node.name), node.kind] + Self.cells(node.figures) + [Self.bar(node.step)],
                isRed: node.figures.errors > 0)
        }
        var edges = TextTable(
            ["from", "to", "kind", "calls", "a second", "errors", "p50", "p95", "p99", "latency"], leading: 3)
        let names = Self.names(answer.picture)
        for edge in answer.picture.edges {
            edges.add(
                [names(edge.from), names(edge.to), edge.kind] + Self.cells(edge.figures) + [Self.bar(edge.step)],
                isRed: edge.figures.errors > 0)
        }
        return nodes.text(style: style) + "\n" + edges.text(style: style)
    }

    /// What changed, the gravest first.
    func changes(_ answer: GraphAnswer) -> String {
        let head = ["change", "what", "calls", "errors", "p50", "p95"]
        var table = TextTable(head, leading: 2)
        func pair(_ before: GraphPicture.Figures?, _ after: GraphPicture.Figures, _ change: GraphChange) -> [String] {
            let then = change == .new ? nil : before
            let now = change == .gone ? nil : after
            func cell(_ value: (GraphPicture.Figures) -> String?) -> String {
                "\(then.flatMap(value) ?? "-") → \(now.flatMap(value) ?? "-")"
            }
            return [
                cell { "\($0.count)" }, cell { Self.percent($0) }, cell { $0.p50.map { TimeText.duration($0) } },
                cell { $0.p95.map { TimeText.duration($0) } },
            ]
        }
        let names = Self.names(answer.picture)
        for (edge, before) in zip(answer.picture.edges, answer.before.edges) {
            guard let change = edge.change, change != .same else { continue }
            let what = "\(names(edge.from)) → \(names(edge.to)) (\(edge.kind))"
            table.add([change.rawValue, what] + pair(before, edge.figures, change), isRed: Self.isBad(change))
        }
        for (node, before) in zip(answer.picture.nodes, answer.before.nodes) {
            guard let change = node.change, change != .same else { continue }
            table.add(
                [change.rawValue, "\(Self.shown(node.name)) (\(node.kind))"] + pair(before, node.figures, change),
                isRed: Self.isBad(change))
        }
        return table.text(style: style)
    }

    func remark(_ answer: GraphAnswer) -> String {
        var text = ""
        if let traces = answer.traces { text += "Made of \(traces) \(traces == 1 ? "trace" : "traces")" }
        if answer.traces != nil { text += answer.isComplete ? ".\n" : "; there are more than were read.\n" }
        if answer.isTruncated { text += "There are more nodes or edges; ask for them with --limit.\n" }
        if answer.beforeIsEmpty { text += "Nothing is stored of the time before, so everything is new.\n" }
        switch answer.basis {
        case "history": text += "Latency: how much slower than in the hour before.\n"
        case "share": text += "Latency: the share of the time.\n"
        case "mixed":
            text += "Latency: how much slower than in the hour before; of what is new, the share of the time.\n"
        default: break
        }
        return text
    }

    private static func isBad(_ change: GraphChange) -> Bool {
        switch change {
        case .gone, .moreErrors, .slower: true
        case .new, .fewerErrors, .faster, .same: false
        }
    }

    private static func names(_ picture: GraphPicture) -> (String) -> String {
        var names: [String: String] = [:]
        for node in picture.nodes { names[node.id] = shown(node.name) }
        return { names[$0] ?? $0 }
    }

    private static func shown(_ name: String) -> String {
        name.isEmpty ? "(no name)" : TerminalText.escaped(name)
    }

    private static func cells(_ figures: GraphPicture.Figures) -> [String] {
        [
            "\(figures.count)", figures.rate.map { rate($0) } ?? "-", figures.errors > 0 ? "\(figures.errors)" : "-",
        ]
            + [figures.p50, figures.p95, figures.p99].map { $0.map { TimeText.duration($0) } ?? "-" }
    }

    private static func rate(_ value: Double) -> String {
        let digits = value < 10 ? 100.0 : value < 100 ? 10 : 1
        let rounded = (value * digits).rounded() / digits
        return digits == 1 ? "\(Int(exactly: rounded) ?? .max)" : "\(rounded)"
    }

    private static func percent(_ figures: GraphPicture.Figures) -> String {
        TimeText.percent(figures.errors, of: figures.count)
    }

    /// Four places, so that the step is seen without colours.
    private static func bar(_ step: LatencyStep) -> String {
        String(repeating: "■", count: Int(step.rawValue)) + String(repeating: "·", count: 4 - Int(step.rawValue))
    }
}
