import JSON
import SelfTelemetry
import SpanColumns
import TraceAssembly
import TraceModel

/// What a view of a trace begins with: figures, the first rows, and the whole in miniature.
struct TraceOverviewJSON {
    private let view: TraceView
    private var shape: TraceShape { view.shape }
    private let rows: TraceRows

    private static let firstRows = 300
    private static let pointedOut = 50
    private static let maximumErrors = 10_000
    private static let maximumFolds = 100_000
    /// Those with most spans are told.
    private static let maximumServices = 1000
    private static let maximumHosts = 1000
    private static let maximumStretches = 1000

    static func write(_ view: TraceView, now: UInt64) -> [UInt8] {
        let json = TraceOverviewJSON(view, now)
        var writer = JSONWriter(capacity: 64 << 10)
        json.write(to: &writer)
        return writer.bytes
    }

    private init(_ view: TraceView, _ now: UInt64) {
        self.view = view
        rows = TraceRows(view, now: now, window: 0..<view.shape.count)
    }

    private func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("trace")
            writer.object { writer in summary(&writer) }
            list("rows", Array(0..<min(Self.firstRows, shape.count)), &writer)
            folds(&writer)
            track(&writer)
            minimap(&writer)
            list("slow", slowest(), &writer)
            list("origins", earliestOrigins(), &writer)
            errors(&writer)
            hosts(&writer)
        }
    }

    private func list(_ name: String, _ nodes: [Int], _ writer: inout JSONWriter) {
        writer.key(name)
        writer.array { writer in for node in nodes { rows.write(node, to: &writer) } }
    }

    private func summary(_ writer: inout JSONWriter) {
        let summary = shape.summary
        writer.member("traceId", summary.traceID.description)
        if let root = summary.rootSpanID { writer.member("rootSpanId", root.description) }
        writer.member("rootService", summary.rootService)
        writer.member("rootName", summary.rootName)
        writer.member("start", text: summary.start)
        writer.member("end", text: summary.end)
        writer.member("durationNs", summary.duration)
        writer.member("criticalNs", summary.criticalTime)
        writer.member("uncoveredNs", shape.findings.uncovered)
        writer.member("spanCount", summary.spanCount)
        writer.member("errorCount", summary.errorCount)
        writer.member("missingCount", summary.missingCount)
        writer.member("awaitedCount", rows.evidence == .awaited ? summary.missingCount : 0)
        writer.member("duplicateCount", summary.duplicateCount)
        writer.member("conflictCount", summary.conflictCount)
        writer.member("maxDepth", summary.maxDepth)
        writer.member("nodeCount", shape.count)
        if view.isTruncated { writer.member("truncated", true) }
        writer.member("tree", view.tree)
        writer.member("serviceCount", summary.services.count)
        writer.key("services")
        writer.array { writer in
            let times = ServiceTimes(shape)
            for share in summary.services.prefix(Self.maximumServices) {
                writer.object { writer in
                    writer.member("name", share.name)
                    writer.member("spans", share.spans)
                    writer.member("errors", share.errors)
                    writer.member("selfNs", times.of[share.name]?.own ?? 0)
                    writer.member("criticalNs", times.of[share.name]?.critical ?? 0)
                }
            }
        }
        writer.key("colour")
        writer.object { writer in
            writer.member("basis", shape.colours.basis.rawValue)
            if view.isHistoryPending { writer.member("pending", true) }
            if let history = view.history {
                writer.member("from", WallClock.rfc3339(unixNanoseconds: history.from))
                writer.member("to", WallClock.rfc3339(unixNanoseconds: history.to))
            }
        }
    }

    private func folds(_ writer: inout JSONWriter) {
        let folds = shape.findings.folds
        writer.key("folds")
        writer.array { writer in
            for fold in folds.prefix(Self.maximumFolds) {
                writer.array { writer in
                    writer.number(fold.first)
                    writer.number(fold.nodes)
                    writer.number(fold.siblings)
                }
            }
        }
        if folds.count > Self.maximumFolds { writer.member("foldsTruncated", true) }
    }

    /// The critical path; stretches that nobody could see beside their neighbours are left out.
    private func track(_ writer: inout JSONWriter) {
        let least = shape.summary.duration / UInt64(Self.maximumStretches)
        var written = 0
        var reach: UInt64 = 0
        writer.key("track")
        writer.array { writer in
            for segment in shape.path where written < Self.maximumStretches {
                let isSeen = segment.end - segment.start >= least || segment.end >= reach + least
                guard isSeen else { continue }
                reach = segment.end
                written += 1
                writer.array { writer in
                    writer.number(segment.start - shape.summary.start)
                    writer.number(segment.end - segment.start)
                    writer.number(segment.node)
                    writer.number(shape.colours.step[segment.node].rawValue)
                }
            }
        }
    }

    private func minimap(_ writer: inout JSONWriter) {
        let map = TraceMinimap(shape)
        writer.key("minimap")
        writer.object { writer in
            writer.member("columns", map.columns)
            writer.member("lanes", map.lanes)
            writer.key("cells")
            writer.array { writer in
                for cell in map.cells {
                    writer.array { writer in
                        for number in [cell.column, cell.lane, cell.width, cell.step, cell.isError ? 1 : 0] {
                            writer.number(number)
                        }
                    }
                }
            }
        }
    }

    /// Those that hold most of the critical path, the slowest first.
    private func slowest() -> [Int] {
        var best: [Int] = []
        for node in 0..<shape.count where shape.criticalTime[node] > 0 {
            if best.count == Self.pointedOut,
                shape.criticalTime[node] <= shape.criticalTime[best[best.count - 1]]
            {
                continue
            }
            let place = best.partitioningIndex { shape.criticalTime[$0] < shape.criticalTime[node] }
            best.insert(node, at: place)
            if best.count > Self.pointedOut { best.removeLast() }
        }
        return best
    }

    private func earliestOrigins() -> [Int] {
        let origins = shape.findings.origins.map { Int($0) }
        return Array(origins.sorted { (shape.start[$0], $0) < (shape.start[$1], $1) }.prefix(Self.pointedOut))
    }

    private func errors(_ writer: inout JSONWriter) {
        var written = 0
        writer.key("errors")
        writer.array { writer in
            guard shape.summary.errorCount > 0 else { return }
            for node in 0..<shape.count where shape.isError(node) && written < Self.maximumErrors {
                writer.number(node)
                written += 1
            }
        }
        if shape.summary.errorCount > written { writer.member("errorsTruncated", true) }
    }

    private func hosts(_ writer: inout JSONWriter) {
        writer.key("hosts")
        writer.array { writer in
            for (number, host) in shape.hosts.prefix(Self.maximumHosts).enumerated() {
                writer.object { writer in
                    writer.member("name", shape.texts[Int(host.name)])
                    writer.member("service", shape.texts[Int(host.service)])
                    guard number < shape.findings.clocks.count, let clock = shape.findings.clocks[number] else {
                        return
                    }
                    writer.key("shiftNs")
                    writer.number(clock.shift)
                    writer.key("lowNs")
                    writer.number(clock.low)
                    writer.key("highNs")
                    writer.number(clock.high)
                    writer.member("pairs", clock.pairs)
                    writer.member("reference", shape.hostName(Int(clock.reference)))
                }
            }
        }
    }
}

/// Self and critical time of each service of a trace.
private struct ServiceTimes {
    private(set) var of: [String: (own: UInt64, critical: UInt64)] = [:]

    init(_ shape: TraceShape) {
        var sums = [(own: UInt64, critical: UInt64)](repeating: (0, 0), count: shape.operations.count)
        for node in 0..<shape.count {
            let operation = Int(shape.operation[node])
            sums[operation].own &+= shape.selfTime[node]
            sums[operation].critical &+= shape.criticalTime[node]
        }
        for (number, sum) in sums.enumerated() {
            let name = shape.texts[Int(shape.operations[number].service)]
            of[name, default: (0, 0)].own &+= sum.own
            of[name, default: (0, 0)].critical &+= sum.critical
        }
    }
}
