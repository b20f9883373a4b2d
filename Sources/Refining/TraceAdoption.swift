package import TraceModel
package import WireFormat

/// Gives spans without a trace ID the trace that their request names, before they are checked: such a span would be refused.
/// A span that has a trace, whichever it is, keeps it.
package enum TraceAdoption {
    /// Appends the changed message and answers true; false, and nothing is appended, if no span lacks a trace. A span gets the
    /// context's span as its parent where it has none. After a throw `output` is as it was.
    ///
    /// - Parameter limit: no more than this is ever in `output`; a message that would need more is an `outgrown` error.
    package static func adopt(
        _ message: Span<UInt8>, _ context: TraceContext, limit: Int = .max, into output: inout [UInt8]
    ) throws(WireError) -> Bool {
        let start = output.count
        var splice = Splice(appendingTo: output, limit: limit)
        // The splice has the only reference now, so that it appends in place.
        output = []
        defer { output = splice.bytes }
        do {
            let isChanged = try copy(FieldCursor(message), .request, of: message, context, &splice)
            if isChanged { try splice.finish(message) } else { splice.truncate(to: start) }
            return isChanged
        } catch {
            splice.truncate(to: start)
            throw error
        }
    }

    private enum Level {
        case request
        case resourceSpans
        case scopeSpans

        var field: UInt32 { self == .request ? 1 : 2 }
        var inner: Level { self == .request ? .resourceSpans : .scopeSpans }
    }

    /// Calls itself twice at most.
    private static func copy(
        _ fields: consuming FieldCursor, _ level: Level, of source: Span<UInt8>, _ context: TraceContext,
        _ splice: inout Splice
    ) throws(WireError) -> Bool {
        var cursor = fields
        var isChanged = false
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            guard field.number == level.field else {
                try cursor.skip(field)
                splice.copy(start..<cursor.absoluteOffset, of: source)
                continue
            }
            let inner = try cursor.readMessage(field)
            let content = inner.base..<cursor.absoluteOffset
            let mark = splice.open(tag: start..<lengthStart, length: lengthStart..<content.lowerBound, of: source)
            if level != .scopeSpans {
                guard try copy(inner, level.inner, of: source, context, &splice) else { continue }
            } else {
                let ids = try identity(inner, source)
                splice.copy(content, of: source)
                guard !ids.hasTrace else { continue }
                // Of a field that occurs twice the last counts.
                var added = ProtobufWriter(capacity: 32)
                added.bytes(1, context.traceID.bytes)
                if !ids.hasParent, let parent = context.spanID { added.bytes(4, parent.bytes) }
                splice.insert(added.bytes.span, of: source)
            }
            splice.close(mark, of: source)
            isChanged = true
        }
        return isChanged
    }

    private static func identity(
        _ span: consuming FieldCursor, _ source: Span<UInt8>
    ) throws(WireError) -> (hasTrace: Bool, hasParent: Bool) {
        var cursor = span
        var result = (hasTrace: false, hasParent: false)
        while let field = try cursor.next() {
            guard field.number == 1 || field.number == 4 else {
                try cursor.skip(field)
                continue
            }
            let id = try cursor.readBytes(field)
            let isThere = (0..<id.count).contains { id[$0] != 0 }
            if field.number == 1 { result.hasTrace = isThere } else { result.hasParent = isThere }
        }
        return result
    }
}
