package import JSON
import TraceAssembly

/// What `hms-ops services` prints.
package struct ServicesReport: Sendable {
    package enum Order: String, CaseIterable, Sendable { case rate, errors, p99, name }

    struct Row: Sendable {
        var name: String
        var kind: String
        var count: UInt64
        var errors: UInt64
        /// A second.
        var rate: Double?
        var percentiles: [UInt64?]
        var step: LatencyStep?
        var slowest: String?

        var errorShare: Double { count == 0 ? 0 : Double(errors) / Double(count) }
    }

    package let isTruncated: Bool
    private let service: String?
    private let rows: [Row]

    /// Nil when a member is missing.
    package init?(_ json: JSONValue, operationsOf service: String?, _ order: Order) {
        guard let list = json[service == nil ? "nodes" : "operations"]?.array else { return nil }
        self.service = service
        isTruncated = json["truncated"]?.bool ?? false
        var rows: [Row] = []
        for item in list where service != nil || item["kind"]?.string == "service" {
            guard let name = item[service == nil ? "service" : "operation"]?.string, let count = item["count"]?.uint64
            else { return nil }
            rows.append(
                Row(
                    name: name, kind: item["kind"]?.string ?? "", count: count, errors: item["errors"]?.uint64 ?? 0,
                    rate: item["rate"]?.double, percentiles: ["p50", "p95", "p99"].map { item[$0]?.uint64 },
                    step: item["latency_step"]?.int.flatMap { UInt8(exactly: $0) }.flatMap(LatencyStep.init),
                    slowest: item["slowest"]?["trace"]?.string))
        }
        self.rows = rows.sorted { Self.key($0, order) < Self.key($1, order) }
    }

    package var isEmpty: Bool { rows.isEmpty }

    package var whatToDo: String {
        guard let service else {
            return
                "No service sent spans in this time. Name another with --from and --to; hms-ops check finds out whether "
                + "spans get through.\n"
        }
        return "No span of '\(service.withoutControls)' in this time. hms-ops services lists the services there are.\n"
    }

    /// What is first has the smallest.
    private static func key(_ row: Row, _ order: Order) -> (Double, String, String) {
        let value: Double =
            switch order {
            case .rate: -Double(row.count)
            case .errors: -row.errorShare
            case .p99: -Double(row.percentiles[2] ?? 0)
            case .name: 0
            }
        return (value, row.name, row.kind)
    }

    package func text(width: Int, isColoured: Bool) -> String {
        guard !rows.isEmpty else { return "" }
        let style = TextStyle(isColoured: isColoured)
        let pen = TerminalPen(isColoured: isColoured)
        // The other columns take this many; a trace id stands where there is room for it.
        let figures = service == nil ? 56 : 66
        let hasTrace = service != nil && width >= figures + 34 + 20
        let names = max(12, width - figures - (hasTrace ? 34 : 0))
        let heads = ["rate", "errors", "p50", "p95", "p99"]
        var table = TextTable(
            [service == nil ? "service" : "operation"] + (service == nil ? [] : ["kind"]) + heads
                + (hasTrace ? ["slowest trace"] : []), leading: service == nil ? 1 : 2)
        for row in rows {
            var cells = [Self.cut(row.name.isEmpty ? "unnamed" : row.name, names)]
            if service != nil { cells.append(row.kind) }
            cells.append(row.rate.map { Self.rate($0) } ?? "\(row.count)")
            cells.append(row.errors == 0 ? "-" : Self.share(row.errorShare))
            cells += row.percentiles.map { $0.map { TimeText.duration($0) } ?? "-" }
            if hasTrace { cells.append(row.slowest ?? "-") }
            let step = row.step
            table.add(
                cells, isRed: row.errors > 0,
                paint: step.map { step in (column: service == nil ? 5 : 6, { pen.step(step, $0) }) })
        }
        return table.text(style: style)
    }

    private static func cut(_ name: String, _ columns: Int) -> String {
        let text = TerminalText.escaped(name)
        guard TerminalText.width(of: text) > columns else { return text }
        return TerminalText.fitted(text, columns)
    }

    private static func share(_ share: Double) -> String {
        let percent = share * 100
        return percent < 0.1 ? "<0.1 %" : percent < 10 ? "\(tenths(percent)) %" : "\(Int(percent.rounded())) %"
    }

    private static func rate(_ rate: Double) -> String {
        switch rate {
        case ..<0.01: "<0.01/s"
        case ..<1: "\(hundredths(rate))/s"
        case ..<100: "\(tenths(rate))/s"
        case ..<1e15: "\(Int(rate.rounded()))/s"
        default: "\(rate)/s"
        }
    }

    private static func tenths(_ value: Double) -> String {
        let scaled = Int((value * 10).rounded())
        return "\(scaled / 10).\(scaled % 10)"
    }

    private static func hundredths(_ value: Double) -> String {
        let scaled = Int((value * 100).rounded())
        return "\(scaled / 100).\(scaled % 100 < 10 ? "0" : "")\(scaled % 100)"
    }
}
