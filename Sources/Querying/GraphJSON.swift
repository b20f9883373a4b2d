package import CallGraph
import JSON
import SelfTelemetry
import Summaries
import TraceAssembly

/// `/api/v1/graph` and `/api/v1/graph/diff` as JSON. Durations are nanoseconds.
package enum GraphJSON {
    /// What an answer says besides nodes and edges.
    package struct Header: Sendable {
        /// Unix nanoseconds: what was acknowledged until then is in the figures.
        package var asOf: UInt64
        package var from: UInt64?
        package var to: UInt64?
        package var beyondBounds: UInt64 = 0
        /// Of a graph of traces: how many it is made of, and whether these are all.
        package var traces: Int?
        package var isComplete = true
        /// Links to other traces that were not followed, as a bound was reached.
        package var unfollowedLinks = 0
        /// The hour that the colours compare with.
        package var history: (from: UInt64, to: UInt64)?

        package init(asOf: UInt64) { self.asOf = asOf }

        /// For rates; nil where the time is not bounded.
        var nanoseconds: UInt64? {
            guard let from, traces == nil else { return nil }
            // Minutes that hold an end are in the figures whole.
            let begin = WholeMinutes.floor(from)
            let end = min(to.map { WholeMinutes.ceiling($0) } ?? asOf, asOf)
            return end > begin ? end - begin : nil
        }
    }

    /// Of more nodes or edges than `limit` those with most calls are given, and edges whose ends are not among the nodes are left
    /// out; `truncated` tells so. Nodes stand in the order of their names, edges with most calls first.
    package static func write(_ graph: CallGraph, _ colours: GraphColours, _ header: Header, limit: Int) -> [UInt8] {
        var nodes = graph.nodes.sorted {
            let counts = ($0.value.total.count, $1.value.total.count)
            return counts.0 != counts.1 ? counts.0 > counts.1 : $0.key < $1.key
        }
        var isTruncated = nodes.count > limit
        nodes = nodes.prefix(limit).sorted { $0.key < $1.key }
        let known = isTruncated ? Set(nodes.map(\.key)) : nil
        let ordered = graph.edges.sorted {
            let counts = ($0.value.total.count, $1.value.total.count)
            return counts.0 != counts.1 ? counts.0 > counts.1 : $0.key < $1.key
        }
        let edges = ordered.lazy.filter { known?.isSuperset(of: [$0.key.from, $0.key.to]) ?? true }.prefix(limit)
        if edges.count < ordered.count { isTruncated = true }

        var writer = JSONWriter(capacity: 512 + (nodes.count + edges.count) * 256)
        writer.object { writer in
            write(header, isTruncated: isTruncated, to: &writer)
            writer.key("colour")
            writer.object { writer in
                writer.member("basis", colours.basis.rawValue)
                if colours.basis != .share, let history = header.history {
                    writer.member("from", WallClock.rfc3339(unixNanoseconds: history.from))
                    writer.member("to", WallClock.rfc3339(unixNanoseconds: history.to))
                }
            }
            writer.key("nodes")
            writer.array { writer in
                for (id, node) in nodes {
                    writer.object { writer in
                        write(id, to: &writer)
                        write(node.total, header.nanoseconds, to: &writer)
                        write(colours[id], to: &writer)
                    }
                }
            }
            writer.key("edges")
            writer.array { writer in
                for (id, edge) in edges {
                    writer.object { writer in
                        write(id, to: &writer)
                        write(edge.total, header.nanoseconds, to: &writer)
                        write(colours[id], to: &writer)
                    }
                }
            }
        }
        return writer.bytes
    }

    /// Both windows of a comparison.
    package static func write(_ diff: GraphDiff, before: Header, after: Header, limit: Int) -> [UInt8] {
        let isTruncated = diff.nodes.count > limit || diff.edges.count > limit
        var writer = JSONWriter(capacity: 512 + (min(limit, diff.nodes.count) + min(limit, diff.edges.count)) * 400)
        writer.object { writer in
            write(after, isTruncated: isTruncated, to: &writer)
            if let from = before.from { writer.member("beforeFrom", WallClock.rfc3339(unixNanoseconds: from)) }
            if let to = before.to { writer.member("beforeTo", WallClock.rfc3339(unixNanoseconds: to)) }
            // Where nothing is known of the time before, everything is new.
            writer.member("beforeIsEmpty", !diff.nodes.contains { $0.before != nil })
            writer.key("nodes")
            writer.array { writer in
                for item in diff.nodes.prefix(limit) {
                    writer.object { writer in
                        write(item.id, to: &writer)
                        write(item, before.nanoseconds, after.nanoseconds, to: &writer)
                    }
                }
            }
            writer.key("edges")
            writer.array { writer in
                for item in diff.edges.prefix(limit) {
                    writer.object { writer in
                        write(item.id, to: &writer)
                        write(item, before.nanoseconds, after.nanoseconds, to: &writer)
                    }
                }
            }
        }
        return writer.bytes
    }

    private static func write(_ header: Header, isTruncated: Bool, to writer: inout JSONWriter) {
        writer.member("asOf", WallClock.rfc3339(unixNanoseconds: header.asOf))
        if let from = header.from { writer.member("from", WallClock.rfc3339(unixNanoseconds: from)) }
        if let to = header.to { writer.member("to", WallClock.rfc3339(unixNanoseconds: to)) }
        writer.member("truncated", isTruncated)
        writer.member("beyondBounds", header.beyondBounds)
        // Percentiles are at most 1/128 off.
        writer.key("relativeError")
        writer.double(0.0078125)
        guard let traces = header.traces else { return }
        writer.member("traces", traces)
        writer.member("complete", header.isComplete)
        if header.unfollowedLinks > 0 { writer.member("unfollowedLinks", header.unfollowedLinks) }
    }

    private static func write(_ id: GraphNodeID, to writer: inout JSONWriter) {
        writer.member("id", id.text)
        writer.member("service", id.name)
        writer.member("kind", "\(id.kind)")
    }

    private static func write(_ id: GraphEdgeID, to writer: inout JSONWriter) {
        writer.member("from", id.from.text)
        writer.member("to", id.to.text)
        writer.member("kind", "\(id.kind)")
    }

    private static func write(_ figures: Figures, _ nanoseconds: UInt64?, to writer: inout JSONWriter) {
        if let nanoseconds {
            writer.key("rate")
            writer.double(Double(max(0, figures.count)) * 1e9 / Double(nanoseconds))
        }
        FiguresJSON.write(figures, to: &writer)
    }

    private static func write(_ mark: GraphColours.Mark, to writer: inout JSONWriter) {
        writer.member("latency_step", Int(mark.step.rawValue))
        writer.key("latency_rank")
        if let rank = mark.rank { writer.double(rank) } else { writer.null() }
    }

    private static func write<ID>(
        _ item: GraphDiff.Item<ID>, _ before: UInt64?, _ after: UInt64?, to writer: inout JSONWriter
    ) {
        writer.member("change", item.change.rawValue)
        writer.key("changes")
        writer.array { writer in
            for change in item.changes { writer.string(change.rawValue) }
        }
        for (name, figures, nanoseconds) in [("before", item.before, before), ("after", item.after, after)] {
            writer.key(name)
            if let figures {
                writer.object { write(figures, nanoseconds, to: &$0) }
            } else {
                writer.null()
            }
        }
    }
}
