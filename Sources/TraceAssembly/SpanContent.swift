import OTLP
import TraceModel

/// Everything that a span says, as bytes: two spans are the same when these are, and otherwise these put them in an order
/// that does not depend on which came first.
struct SpanContent: Hashable, Comparable {
    private(set) var bytes: [UInt8] = []

    /// How deep values may stand within each other before the rest is left out; the decoder's limit is smaller.
    private static let maximumDepth = 64

    init(of span: SpanValue) {
        // Ends last, then begins first: see `MergedSpan`.
        number(~span.endUnixNano)
        number(span.startUnixNano)
        number(span.traceID.high)
        number(span.traceID.low)
        number(span.spanID.value)
        number(span.parentSpanID?.value ?? 0)
        text(span.name)
        text(span.traceState)
        number(UInt64(span.flags))
        number(UInt64(span.kind.rawValue))
        number(UInt64(span.status.code.rawValue))
        text(span.status.message)
        list(span.attributes, dropped: span.droppedAttributes)
        number(UInt64(span.events.count))
        for event in span.events {
            number(event.timeUnixNano)
            text(event.name)
            list(event.attributes, dropped: event.droppedAttributes)
        }
        number(UInt64(span.links.count))
        for link in span.links {
            number(link.traceID.high)
            number(link.traceID.low)
            number(link.spanID.value)
            text(link.traceState)
            number(UInt64(link.flags))
            list(link.attributes, dropped: link.droppedAttributes)
        }
        number(UInt64(span.droppedEvents))
        number(UInt64(span.droppedLinks))
        list(span.resource.attributes, dropped: span.resource.droppedAttributes)
        text(span.resource.schemaURL)
        text(span.scope.name)
        text(span.scope.version)
        text(span.scope.schemaURL)
        list(span.scope.attributes, dropped: span.scope.droppedAttributes)
    }

    static func < (left: SpanContent, right: SpanContent) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    private mutating func number(_ value: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    private mutating func text(_ value: String) {
        number(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    private mutating func list(_ attributes: [Attribute], dropped: UInt32) {
        number(UInt64(dropped))
        pairs(attributes, depth: 0)
    }

    private mutating func pairs(_ attributes: [Attribute], depth: Int) {
        number(UInt64(attributes.count))
        for attribute in attributes {
            text(attribute.key)
            value(attribute.value, depth: depth)
        }
    }

    private mutating func value(_ value: AttributeValue, depth: Int) {
        guard depth < Self.maximumDepth else { return }
        switch value {
        case .empty:
            bytes.append(0)
        case .string(let string):
            bytes.append(1)
            text(string)
        case .bool(let bool):
            bytes.append(bool ? 3 : 2)
        case .int(let int):
            bytes.append(4)
            number(UInt64(bitPattern: int))
        case .double(let double):
            bytes.append(5)
            number(double.bitPattern)
        case .bytes(let data):
            bytes.append(6)
            number(UInt64(data.count))
            bytes.append(contentsOf: data)
        case .array(let values):
            bytes.append(7)
            number(UInt64(values.count))
            for element in values { self.value(element, depth: depth + 1) }
        case .map(let attributes):
            bytes.append(8)
            pairs(attributes, depth: depth + 1)
        }
    }
}
