import HTTP
import JSON
import OTLP
import QueryLanguage
import SelfTelemetry
import SpanColumns
import TraceAssembly
import TraceModel
import TraceSearch
import WireFormat

/// What a view of one trace asks for, part by part: no answer grows with the trace beyond a bound, so that a million spans are looked
/// at like ten.
extension QueryService {
    enum TracePart {
        case overview
        case rows
        case span(String)
        case find
        case flame
        case operations
        case events

        init?(_ path: ArraySlice<String>) {
            let parts = Array(path)
            switch parts.first {
            case "overview" where parts.count == 1: self = .overview
            case "rows" where parts.count == 1: self = .rows
            case "spans" where parts.count == 2 && !parts[1].isEmpty: self = .span(parts[1])
            case "find" where parts.count == 1: self = .find
            case "flame" where parts.count == 1: self = .flame
            case "operations" where parts.count == 1: self = .operations
            case "events" where parts.count == 1: self = .events
            default: return nil
            }
        }
    }

    private static var maximumWindow: Int { 2000 }
    private static var maximumFound: Int { 10_000 }
    private static var maximumEvents: Int { 1000 }
    /// Of what is read for one answer: spans may be as large as requests.
    private static var maximumReadBytes: Int { 32 << 20 }

    func answer(
        _ part: TracePart, of id: TraceID, _ parameters: QueryParameters
    ) throws(QueryError) -> HTTPResponse {
        let now = WallClock.unixNanoseconds()
        let reader = TraceViewReader(source: source, shelf: shelf)
        let view: TraceView
        do {
            guard let found = try reader.view(of: id, now: now) else { throw QueryError.notFound(id) }
            view = found
        } catch let error as QueryError {
            throw error
        } catch {
            throw unreadable(id, error)
        }
        switch part {
        case .overview: return .json(TraceOverviewJSON.write(view, now: now))
        case .rows:
            let offset = try parameters.integer("offset", in: 0...Int(Int32.max), usual: 0)
            let limit = try parameters.integer("limit", in: 1...Self.maximumWindow, usual: 300)
            return .json(rows(view, offset, limit, now))
        case .span(let text): return try span(text, view, reader, now)
        case .find: return try find(view, parameters, now)
        case .flame: return .json(flame(view))
        case .operations: return .json(operations(view))
        case .events: return try events(view, parameters, reader)
        }
    }

    private func rows(_ view: TraceView, _ offset: Int, _ limit: Int, _ now: UInt64) -> [UInt8] {
        let window = (offset..<offset + limit).clamped(to: 0..<view.shape.count)
        let rows = TraceRows(view, now: now, window: window)
        var writer = JSONWriter(capacity: 256 + window.count * 384)
        writer.object { writer in
            writer.member("tree", view.tree)
            writer.member("offset", offset)
            writer.key("rows")
            writer.array { writer in for node in window { rows.write(node, to: &writer) } }
        }
        return writer.bytes
    }

    // MARK: Finding

    private func find(
        _ view: TraceView, _ parameters: QueryParameters, _ now: UInt64
    ) throws(QueryError) -> HTTPResponse {
        let text = parameters["text"] ?? ""
        let limit = try parameters.integer("limit", in: 1...Self.maximumFound, usual: 1000)
        let began = ContinuousClock.now
        var isWhole = !view.isTruncated
        let found: TraceFind
        if let expression = try Self.query(text, now) {
            let answer = try find(expression, view)
            isWhole = isWhole && answer.isWhole
            found = TraceFind(answer.nodes, limit: limit)
        } else {
            let deadline = began + .milliseconds(limits.usualSearchMilliseconds)
            found = TraceFind(text, in: view.shape, limit: limit, deadline: deadline)
        }
        var writer = JSONWriter(capacity: 128 + found.nodes.count * 8)
        writer.object { writer in
            writer.member("tree", view.tree)
            writer.member("count", found.count)
            writer.key("indexes")
            writer.array { writer in for node in found.nodes { writer.number(node) } }
            writer.member("truncated", found.count > found.nodes.count || !found.isWhole || !isWhole)
            writer.member("complete", found.isWhole && isWhole)
            writer.key("took")
            writer.double(Double((ContinuousClock.now - began) / .microseconds(1)) / 1000)
        }
        return .json(writer.bytes)
    }

    /// Nil for words. Names rarely hold a comparison: with one, what cannot be read is a query that is wrong.
    private static func query(_ text: String, _ now: UInt64) throws(QueryError) -> QueryExpression? {
        do throws(QuerySyntaxError) {
            let expression = try QueryParser.parse(text, now: Int64(clamping: now))
            // Nothing, or a star.
            return expression == .everything ? nil : expression
        } catch {
            let isMeant =
                text.hasPrefix("exists ")
                || text.utf8.contains { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") }
            if isMeant { throw QueryError(error) }
            return nil
        }
    }

    private func find(
        _ expression: QueryExpression, _ view: TraceView
    ) throws(QueryError) -> (nodes: NodeSet, isWhole: Bool) {
        let deadline = ContinuousClock.now + .milliseconds(limits.usualSearchMilliseconds)
        do {
            return try TraceQuery(source: source, deadline: deadline).find(expression, in: view)
        } catch {
            throw unreadable(view.shape.traceID, error)
        }
    }

    // MARK: One span

    private func span(
        _ text: String, _ view: TraceView, _ reader: TraceViewReader, _ now: UInt64
    ) throws(QueryError) -> HTTPResponse {
        guard let id = SpanID(hex: text.lowercased()), let node = view.shape.node(of: id) else {
            throw QueryError(
                404, "span_not_found", "trace \(view.shape.traceID) has no span '\(shortened(text))'",
                hint: "a span id has 16 hexadecimal digits; /api/v1/traces/{id}/rows lists those of the trace")
        }
        let shape = view.shape
        let rows = TraceRows(view, now: now, window: node..<node + 1)
        var spans: [SpanValue] = []
        var otlp: [UInt8]?
        var isTruncated = false
        do {
            if !shape.isMissing(node) {
                let places = shape.places(of: node).map { view.places[Int($0)] }
                let message = try reader.message(
                    id, of: shape.traceID, at: places, maxBytes: Self.maximumReadBytes)
                isTruncated = message.isTruncated
                spans = try decodeSpans(message.bytes.span)
                otlp = try OTLPJSON.json(fromProtobuf: message.bytes.span, kind: .traces)
            }
        } catch {
            throw unreadable(shape.traceID, error)
        }
        var writer = JSONWriter(capacity: 4096)
        writer.object { writer in
            writer.member("tree", view.tree)
            writer.key("row")
            rows.write(node, to: &writer)
            writer.key("ancestors")
            writer.array { writer in for above in ancestors(of: node, shape) { rows.write(above, to: &writer) } }
            if let merged = assemble(spans, as: shape.traceID).nodes.first(where: { $0.spanID == id && !$0.isMissing })
            {
                writer.key("span")
                TraceJSON.write(merged, of: shape.traceID, to: &writer)
            }
            // Copies that are larger than one answer may be.
            if isTruncated { writer.member("truncated", true) }
            writer.key("linkedFrom")
            writer.array { writer in for link in links(to: id, shape.traceID, now) { link.write(to: &writer) } }
            if let otlp {
                writer.key("otlp")
                writer.literal(String(decoding: otlp, as: UTF8.self))
            }
        }
        return .json(writer.bytes)
    }

    /// From the root down, the nearest ones where there are too many.
    private func ancestors(of node: Int, _ shape: TraceShape) -> [Int] {
        var path: [Int] = []
        var above = shape.parent[node]
        while above >= 0, path.count < 64 {
            path.append(Int(above))
            above = shape.parent[Int(above)]
        }
        return path.reversed()
    }

    private struct LinkingSpan {
        var span: SpanValue

        func write(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("traceId", span.traceID.description)
                writer.member("spanId", span.spanID.description)
                writer.member("service", span.serviceName)
                writer.member("name", span.name)
                writer.member("start", text: span.startUnixNano)
            }
        }
    }

    /// Spans of any trace that link to one. A search that takes long is left: links are an extra.
    private func links(to id: SpanID, _ trace: TraceID, _ now: UInt64) -> [LinkingSpan] {
        let text = "link.span_id = \"\(id)\" and link.trace_id = \"\(trace)\""
        guard let expression = try? QueryParser.parse(text, now: Int64(clamping: now)) else { return [] }
        var request = SearchRequest(expression)
        request.now = now
        request.limit = 20
        request.bounds.time = .milliseconds(200)
        guard let page = try? source.search(request) else { return [] }
        var found: [LinkingSpan] = []
        for trace in page.traces where found.count < 50 {
            let wanted = Set(trace.matches)
            guard let (message, _) = try? source.trace(trace.summary.traceID, maxBytes: 4 << 20) else { continue }
            for span in (try? decodeSpans(message.span)) ?? [] where wanted.contains(span.spanID) {
                let isLinked = span.links.contains { $0.spanID == id }
                if isLinked, found.count < 50 { found.append(LinkingSpan(span: span)) }
            }
        }
        return found
    }

    // MARK: Sums

    private func flame(_ view: TraceView) -> [UInt8] {
        let flame = TraceFlame(view.shape)
        let shape = view.shape
        var writer = JSONWriter(capacity: 256 + flame.frames.count * 192)
        writer.object { writer in
            writer.member("tree", view.tree)
            writer.key("frames")
            writer.array { writer in
                for frame in flame.frames {
                    writer.object { writer in
                        writer.key("parent")
                        if frame.parent >= 0 { writer.number(frame.parent) } else { writer.null() }
                        writer.member("depth", frame.depth)
                        writer.names(of: frame.operation, shape)
                        writer.member("count", frame.count)
                        writer.member("errors", frame.errors)
                        writer.member("totalNs", frame.total)
                        writer.member("selfNs", frame.own)
                        writer.member("criticalNs", frame.critical)
                        writer.member("latency_step", Int(frame.step.rawValue))
                        writer.member("first", frame.first)
                    }
                }
            }
            writer.member("left", flame.left)
        }
        return writer.bytes
    }

    private func operations(_ view: TraceView) -> [UInt8] {
        let rows = TraceOperations(view.shape).rows
        let shape = view.shape
        var writer = JSONWriter(capacity: 256 + rows.count * 256)
        writer.object { writer in
            writer.member("tree", view.tree)
            writer.key("operations")
            writer.array { writer in
                for row in rows {
                    writer.object { writer in
                        writer.names(of: row.operation, shape)
                        writer.member("kind", shape.kind(row.slowest).description)
                        writer.member("count", row.count)
                        writer.member("errors", row.errors)
                        writer.member("totalNs", row.total)
                        writer.member("selfNs", row.own)
                        writer.member("criticalNs", row.critical)
                        writer.member("p50Ns", row.p50)
                        writer.member("p95Ns", row.p95)
                        writer.member("maxNs", row.longest)
                        writer.member("slowest", row.slowest)
                        writer.member("latency_step", Int(row.step.rawValue))
                    }
                }
            }
        }
        return writer.bytes
    }

    // MARK: Events

    private func events(
        _ view: TraceView, _ parameters: QueryParameters, _ reader: TraceViewReader
    ) throws(QueryError) -> HTTPResponse {
        let shape = view.shape
        let limit = try parameters.integer("limit", in: 1...Self.maximumEvents, usual: 200)
        let after = try parameters.integer("after", in: -1...Int(Int32.max), usual: -1)
        var nodes: [Int] = []
        var expected = 0
        var node = after + 1
        while node < shape.count, expected < limit {
            if shape.eventCount[node] > 0 {
                nodes.append(node)
                expected += Int(shape.eventCount[node])
            }
            node += 1
        }
        var goesOn = node < shape.count && (node..<shape.count).contains { shape.eventCount[$0] > 0 }
        let spans: [SpanValue?]
        do {
            spans = try self.spans(of: nodes, view, reader)
        } catch {
            throw unreadable(shape.traceID, error)
        }
        if spans.count < nodes.count {
            nodes.removeLast(nodes.count - spans.count)
            goesOn = true
        }
        var writer = JSONWriter(capacity: 256 + expected * 256)
        writer.object { writer in
            writer.member("tree", view.tree)
            writer.key("events")
            writer.array { writer in
                for (node, span) in zip(nodes, spans) {
                    for event in span?.events.prefix(Self.maximumEvents) ?? [] {
                        writer.object { writer in
                            writer.member("index", node)
                            writer.member("service", shape.service(node))
                            writer.member("spanName", shape.name(node))
                            writer.member("spanId", SpanID(value: shape.id[node]).description)
                            writer.member("name", event.name)
                            writer.key("offsetNs")
                            writer.number(Int64(clamping: Int128(event.timeUnixNano) - Int128(shape.summary.start)))
                            writer.attributes(event.attributes, dropped: event.droppedAttributes)
                        }
                    }
                }
            }
            writer.key("next")
            if goesOn, let last = nodes.last { writer.number(last) } else { writer.null() }
        }
        return .json(writer.bytes)
    }

    /// Those of nodes, the first of them where all would be too large. Few are read at once until their size is known.
    private func spans(of nodes: [Int], _ view: TraceView, _ reader: TraceViewReader) throws -> [SpanValue?] {
        let (shape, frames) = (view.shape, source.frames())
        var spans: [SpanValue?] = []
        var (bytes, size) = (0, 8)
        while spans.count < nodes.count, bytes < Self.maximumReadBytes {
            let next = nodes[spans.count..<min(nodes.count, spans.count + size)]
            let found = try reader.spans(
                next.map { (shape.id[$0], shape.place[$0]) }, of: shape.traceID, at: view.places, frames,
                maxBytes: .max)
            spans += found.spans
            bytes += found.bytes
            if found.bytes < Self.maximumReadBytes / 16 { size *= 2 }
        }
        return spans
    }

    private func unreadable(_ id: TraceID, _ error: any Error) -> QueryError {
        QueryError(
            500, "store_failed", "the spans of trace \(id) could not be read: \(error)",
            hint: "the collector's log says more; other traces may still be readable")
    }
}

extension JSONWriter {
    fileprivate mutating func names(of operation: UInt32, _ shape: TraceShape) {
        let named = shape.operations[Int(operation)]
        member("service", shape.texts[Int(named.service)])
        member("name", shape.texts[Int(named.name)])
    }
}
