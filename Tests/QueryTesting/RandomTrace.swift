package import OTLP
package import TraceAssembly
package import TraceModel

/// Small traces in which everything strange occurs: missing parents, several roots, rings, copies that differ, times that
/// cannot be, attributes of every type. Words are the same few that `RandomQuery` asks for.
package enum RandomTrace {
    package static let traceID = TraceID(high: 0x0123_4567_89AB_CDEF, low: 0x1122_3344_5566_7788)
    static let services = ["gateway", "pay", "db", "pay-api"]
    static let names = ["GET /", "GET /claims/1", "query", "näme", ""]
    static let keys = [
        "user.id", "http.status_code", "db.system", "weird key", "a.b", "a.b.c", "a", "flag", "name", "service.name",
        "exception.type",
    ]
    static let texts = [
        "500", "500.0", "42", "x", "X", "", "true", "NaN", "AQI=", "1.5", "0", "-0.0", "GET /claims/17", "Infinity",
        "é",
        "\"quoted\\",
    ]
    static let integers: [Int64] = [0, 1, 2, 42, 499, 500, 501, -1, .max, .min, 9_007_199_254_740_993]
    static let decimals: [Double] = [0, -0.0, 1.5, 500, 500.5, 42, 1e300, 9_007_199_254_740_992, 9.223372036854775e18]
    static let base: UInt64 = 1_700_000_000_000_000_000

    package static func spans(using generator: inout some RandomNumberGenerator) -> [SpanValue] {
        let resources = (0..<3).map { _ in resource(using: &generator) }
        let scopes = [
            ScopeValue(), ScopeValue("lib", version: "1.0", attributes: attributes(using: &generator)), ScopeValue("x"),
        ]
        var spans = (0..<Int.random(in: 1...10, using: &generator)).map { _ in
            span(resources, scopes, using: &generator)
        }
        // Copies that were sent twice.
        if Bool.random(using: &generator), let copy = spans.randomElement(using: &generator) { spans.append(copy) }
        spans.shuffle(using: &generator)
        return spans
    }

    /// The same, each span once and below another one of them or at the top.
    package static func wholeSpans(using generator: inout some RandomNumberGenerator) -> [SpanValue] {
        var seen: Set<SpanID> = []
        var spans = spans(using: &generator).filter { seen.insert($0.spanID).inserted }
        for index in spans.indices {
            let parent =
                index == 0 || Int.random(in: 0..<10, using: &generator) == 0
                ? nil : Int.random(in: 0..<index, using: &generator)
            spans[index].parentSpanID = parent.map { spans[$0].spanID }
        }
        spans.shuffle(using: &generator)
        return spans
    }

    package static func assembled(using generator: inout some RandomNumberGenerator) -> AssembledTrace {
        assemble(spans(using: &generator), as: traceID)
    }

    /// Few ids, whose order is not that of their numbers.
    static func spanID(_ number: UInt64) -> SpanID { SpanID(value: number &* 0x9E37_79B9_7F4A_7C15 | 1) }

    private static func span(
        _ resources: [ResourceValue], _ scopes: [ScopeValue], using generator: inout some RandomNumberGenerator
    ) -> SpanValue {
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }
        let start = base + UInt64.random(in: 0...5, using: &generator) * 1_000_000_000
        var span = SpanValue(
            traceID: traceID, spanID: spanID(.random(in: 1...12, using: &generator)),
            parentSpanID: chance(20) ? nil : spanID(.random(in: 1...14, using: &generator)),
            name: pick(names, &generator), kind: pick(SpanKind.allCases, &generator), startUnixNano: start,
            endUnixNano: start + UInt64.random(in: 0...4, using: &generator) * 500_000_000,
            attributes: attributes(using: &generator), resource: pick(resources, &generator),
            scope: pick(scopes, &generator))
        span.status = SpanStatus(pick(SpanStatus.Code.allCases, &generator), message: chance(20) ? "timeout" : "")
        if chance(5) { span.startUnixNano = 0 }
        if chance(5) { span.endUnixNano = chance(50) ? 0 : .max }
        if chance(2) { span.parentSpanID = SpanID(value: 0) }
        if chance(30) {
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                span.events.append(
                    SpanEvent(
                        pick(["exception", "retry", ""], &generator), at: start,
                        attributes: attributes(using: &generator)))
            }
        }
        if chance(20) {
            span.links.append(
                SpanLink(
                    traceID: traceID, spanID: spanID(.random(in: 1...14, using: &generator)),
                    attributes: attributes(using: &generator)))
        }
        return span
    }

    private static func resource(using generator: inout some RandomNumberGenerator) -> ResourceValue {
        var list = attributes(using: &generator)
        if Int.random(in: 0..<10, using: &generator) > 0 {
            list.insert(Attribute("service.name", .string(pick(services, &generator))), at: 0)
        }
        return ResourceValue(list)
    }

    private static func attributes(using generator: inout some RandomNumberGenerator) -> [Attribute] {
        (0..<Int.random(in: 0...4, using: &generator)).map { _ in
            Attribute(pick(keys, &generator), value(depth: 0, using: &generator))
        }
    }

    /// Of every type; arrays and maps to a depth of ten, so that a limit of eight is met.
    package static func value(depth: Int, using generator: inout some RandomNumberGenerator) -> AttributeValue {
        let kind = Int.random(in: 0..<(depth < 10 ? 14 : 10), using: &generator)
        switch kind {
        case 0...3: return .string(pick(texts, &generator))
        case 4...5: return .int(pick(integers, &generator))
        case 6...7: return .double(pick(decimals + [.nan, .infinity, -.infinity], &generator))
        case 8: return .bool(.random(using: &generator))
        case 9: return Bool.random(using: &generator) ? .bytes([1, 2]) : .empty
        case 10...11:
            // Narrow and deep, or wide and flat.
            let count = Int.random(in: 0...(depth == 0 ? 3 : 1), using: &generator)
            return .array((0..<count).map { _ in value(depth: depth + 1, using: &generator) })
        default:
            let members = (0..<Int.random(in: 0...2, using: &generator)).map { _ in
                Attribute(
                    pick(["b", "c", "b.c", "id", "system"], &generator), value(depth: depth + 2, using: &generator))
            }
            return .map(members)
        }
    }

    static func pick<T>(_ list: [T], _ generator: inout some RandomNumberGenerator) -> T {
        list[Int.random(in: 0..<list.count, using: &generator)]
    }
}
