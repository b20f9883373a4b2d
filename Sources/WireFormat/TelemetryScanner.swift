import TraceModel

/// Validates one ExportTraceServiceRequest, ExportMetricsServiceRequest or ExportLogsServiceRequest in one pass and counts
/// its items. It neither recurses nor copies, and allocates nothing for an item, so that a hostile message costs no more
/// than its length. Reusable: it keeps its arrays' capacity.
///
/// A message that is malformed is refused whole, by a `WireError` that names the byte and the field. Spans whose ids can't
/// stand (missing, zero or of wrong length) are counted in `refusedCount` instead: `SpanFilter.copyValid` leaves them out.
public struct TelemetryScanner: Sendable {
    /// Spans, data points or log records that are good.
    public private(set) var items = 0
    /// The traces of the good spans; empty unless the scanner collects traces.
    public private(set) var runs: [TraceRun] = []
    /// One entry for consecutive resources of the same service, at most `maximumServices` and one for the rest.
    public private(set) var services: [ServiceCount] = []
    /// The first `maximumRefusedItems` spans that are refused.
    public private(set) var refused: [RefusedItem] = []
    public private(set) var refusedCount = 0

    public static let maximumServices = 1024
    public static let maximumRefusedItems = 16
    /// Service names are cut to this many bytes.
    public static let maximumServiceNameBytes = 255

    private let collectsTraces: Bool
    private let maximumDepth: Int
    private let schema = TelemetrySchema.shared
    private var resource = ResourceState()

    /// - Parameter maximumDepth: how many messages may be open at once, from 1 to 64; the request is the first.
    public init(collectsTraces: Bool, maximumDepth: Int = 32) {
        precondition((1...64).contains(maximumDepth), "depth \(maximumDepth) is outside 1 to 64")
        self.collectsTraces = collectsTraces
        self.maximumDepth = maximumDepth
    }

    /// Scans a whole request. What the last scan found is gone; after a throw nothing is found.
    public mutating func scan(_ bytes: Span<UInt8>, as kind: SignalKind) throws(WireError) {
        reset()
        do {
            try walk(bytes, TelemetryMessage(request: kind))
        } catch {
            reset()
            throw error
        }
    }

    /// An open message's parent: where that ends, and its row with the tag that opened the message.
    private struct Frame {
        var end: Int
        var slot: Int
    }

    private struct ResourceState {
        /// The scanner's `items` when the resource began.
        var itemsBefore = 0
        var keyStart = 0
        var keyCount = 0
        var textStart = 0
        var textCount = 0
        var nameStart = 0
        var nameCount = 0
        /// The name of the last entry of `services`, to see without a copy that the next is the same.
        var lastNameStart = 0
        var lastNameCount = 0
    }

    private mutating func reset() {
        items = 0
        refusedCount = 0
        resource = ResourceState()
        runs.removeAll(keepingCapacity: true)
        services.removeAll(keepingCapacity: true)
        refused.removeAll(keepingCapacity: true)
    }

    /// The scan. `position` never passes `end`, and `end` never the bytes: each length is compared before it is added.
    private mutating func walk(_ bytes: Span<UInt8>, _ request: TelemetryMessage) throws(WireError) {
        let rules = schema.table
        let table = rules.span
        let lastRowWithEndAction = TelemetrySchema.row(of: .lastWithEndAction)
        var stack = InlineArray<64, Frame>(repeating: Frame(end: 0, slot: 0))
        var depth = 0
        var row = TelemetrySchema.row(of: request)
        var end = bytes.count
        var position = 0
        var identity = SpanIdentity()

        while true {
            if position == end {
                if depth == 0 { return }
                if row <= lastRowWithEndAction { finish(row, bytes, &identity) }
                depth &-= 1
                end = stack[depth].end
                row = stack[depth].slot & ~TelemetrySchema.tagMask
                continue
            }

            let start = position
            var tag = UInt64(bytes[position])
            let entry: TelemetrySchema.Entry
            if tag < 0x80 {
                position &+= 1
                entry = table[row | Int(truncatingIfNeeded: tag)]
            } else {
                guard let long = WireScan.readShortVarint(bytes, &position, end) else {
                    throw located(WireScan.tagFault(bytes, start, end), at: start, stack, depth, row, tag: nil)
                }
                tag = long
                entry =
                    tag <= TelemetrySchema.tagMask
                    ? table[row | Int(tag)] : TelemetrySchema.entry(ofUnknown: tag)
            }

            let rule = entry.rule
            switch rule {
            case .varint:
                guard WireScan.skipVarint(bytes, &position, end) else {
                    throw located(
                        WireScan.varintFault(bytes, position, end), at: position, stack, depth, row, tag: tag)
                }
                continue
            case .fixed64:
                guard end &- position >= 8 else {
                    let reason = WireError.Reason.truncated(needed: 8, available: end - position)
                    throw located(reason, at: position, stack, depth, row, tag: tag)
                }
                position &+= 8
                continue
            case .fixed32:
                guard end &- position >= 4 else {
                    let reason = WireError.Reason.truncated(needed: 4, available: end - position)
                    throw located(reason, at: position, stack, depth, row, tag: tag)
                }
                position &+= 4
                continue
            case .wrongWireType, .invalidTag:
                let reason = Self.reason(for: tag, TelemetrySchema.message(ofRow: row))
                throw located(reason, at: start, stack, depth, row, tag: tag)
            default: break
            }

            // All that is left begins with a length.
            let lengthStart = position
            let length = WireScan.readLength(bytes, &position, end)
            guard length >= 0 else {
                throw located(
                    WireScan.lengthFault(bytes, lengthStart, end), at: lengthStart, stack, depth, row, tag: tag)
            }
            let next = position &+ length
            switch rule {
            case .span, .message:
                guard depth &+ 1 < maximumDepth else {
                    throw located(.nestedTooDeep(limit: maximumDepth), at: start, stack, depth, row, tag: tag)
                }
                if entry.child == .keyValue, tag < 0x80, depth &+ 2 < maximumDepth {
                    // Attributes stand in a row.
                    let passed = WireScan.passPlainAttributes(bytes, start, end, tag: UInt8(truncatingIfNeeded: tag))
                    if passed > start {
                        position = passed
                        continue
                    }
                }
                if rule == .span {
                    identity = SpanIdentity()
                    identity.start = position
                }
                stack[depth] = Frame(end: end, slot: row | Int(truncatingIfNeeded: tag))
                depth &+= 1
                end = next
                row = TelemetrySchema.row(of: entry.child)
                continue
            case .string:
                guard UTF8Check.isValid(bytes, from: position, to: next) else {
                    throw located(.invalidUTF8, at: position, stack, depth, row, tag: tag)
                }
            case .traceID:
                identity.traceIDStart = position
                identity.traceIDCount = length
            case .spanID:
                identity.spanIDStart = position
                identity.spanIDCount = length
            case .parentSpanID:
                identity.parentStart = position
                identity.parentCount = length
            case .linkTraceID: identity.noteLinkTraceID(at: position, count: length)
            case .linkSpanID: identity.noteLinkSpanID(at: position, count: length)
            case .resourceKey, .resourceText:
                guard UTF8Check.isValid(bytes, from: position, to: next) else {
                    throw located(.invalidUTF8, at: position, stack, depth, row, tag: tag)
                }
                if rule == .resourceKey {
                    resource.keyStart = position
                    resource.keyCount = length
                } else {
                    resource.textStart = position
                    resource.textCount = length
                }
            case .packedFixed64:
                guard length & 7 == 0 else {
                    let reason = WireError.Reason.truncated(needed: 8, available: length & 7)
                    throw located(reason, at: next - length & 7, stack, depth, row, tag: tag)
                }
            case .packedVarint:
                while position < next {
                    guard WireScan.skipVarint(bytes, &position, next) else {
                        throw located(
                            WireScan.varintFault(bytes, position, next), at: position, stack, depth, row, tag: tag)
                    }
                }
            default: break
            }
            position = next
        }
    }
}

// MARK: - What is done at the end of a message

extension TelemetryScanner {
    @inline(__always)
    private mutating func finish(_ row: Int, _ bytes: Span<UInt8>, _ identity: inout SpanIdentity) {
        if row == TelemetrySchema.row(of: .span) {
            finishSpan(bytes, identity)
        } else if row == TelemetrySchema.row(of: .resourceAttribute) {
            finishResourceAttribute(bytes)
        } else if row >= TelemetrySchema.row(of: .resourceSpans) {
            finishResource(bytes)
        } else {
            items &+= 1
        }
    }

    @inline(__always)
    private mutating func finishSpan(_ bytes: Span<UInt8>, _ identity: SpanIdentity) {
        guard identity.hasRightLengths else { return refuse(bytes, identity) }
        let (high, low) = identity.traceID(in: bytes)
        guard high | low != 0, identity.spanID(in: bytes) != 0 else { return refuse(bytes, identity) }
        items &+= 1
        guard collectsTraces else { return }
        let id = TraceID(high: high, low: low)
        if let last = runs.indices.last, runs[last].traceID == id {
            runs[last].spans &+= 1
        } else {
            runs.append(TraceRun(traceID: id, spans: 1))
        }
    }

    @inline(never)
    private mutating func refuse(_ bytes: Span<UInt8>, _ identity: SpanIdentity) {
        refusedCount += 1
        guard refused.count < Self.maximumRefusedItems, let fault = identity.fault(in: bytes) else { return }
        refused.append(RefusedItem(offset: fault.offset, reason: fault.description))
    }

    /// The first `service.name` counts, so that attributes appended on the way can't rename a service.
    private mutating func finishResourceAttribute(_ bytes: Span<UInt8>) {
        if resource.nameCount == 0, Self.isServiceName(bytes, resource.keyStart, resource.keyCount) {
            resource.nameStart = resource.textStart
            resource.nameCount = resource.textCount
        }
        resource.keyCount = 0
        resource.textCount = 0
    }

    private static func isServiceName(_ bytes: Span<UInt8>, _ start: Int, _ count: Int) -> Bool {
        let name: StaticString = "service.name"
        guard count == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { name in
            for index in 0..<count where bytes[start + index] != name[index] { return false }
            return true
        }
    }

    private mutating func finishResource(_ bytes: Span<UInt8>) {
        let count = items - resource.itemsBefore
        if count > 0 { add(UInt32(clamping: count), bytes) }
        resource.itemsBefore = items
        resource.nameCount = 0
    }

    private mutating func add(_ count: UInt32, _ bytes: Span<UInt8>) {
        if !services.isEmpty, services.count > Self.maximumServices || isLastServiceAgain(bytes) {
            services[services.count - 1].spans &+= count
            return
        }
        guard services.count < Self.maximumServices else {
            services.append(ServiceCount(name: "", spans: count))
            return
        }
        services.append(ServiceCount(name: serviceName(bytes), spans: count))
        resource.lastNameStart = resource.nameStart
        resource.lastNameCount = resource.nameCount
    }

    private func isLastServiceAgain(_ bytes: Span<UInt8>) -> Bool {
        guard resource.nameCount == resource.lastNameCount else { return false }
        for index in 0..<resource.nameCount {
            guard bytes[resource.nameStart + index] == bytes[resource.lastNameStart + index] else { return false }
        }
        return true
    }

    private func serviceName(_ bytes: Span<UInt8>) -> String {
        var end = resource.nameStart + resource.nameCount
        if resource.nameCount > Self.maximumServiceNameBytes {
            end = resource.nameStart + Self.maximumServiceNameBytes
            // Not in the middle of a character: continuation bytes are 10xxxxxx.
            while bytes[end] & 0xC0 == 0x80 { end -= 1 }
        }
        return bytes.extracting(resource.nameStart..<end).withUnsafeBufferPointer {
            String(decoding: $0, as: UTF8.self)
        }
    }
}

// MARK: - Errors

extension TelemetryScanner {
    private static func reason(for tag: UInt64, _ message: TelemetryMessage) -> WireError.Reason {
        let number = tag >> 3
        guard number > 0, number < 1 << 29 else { return .invalidFieldNumber }
        guard let type = WireType(rawValue: UInt8(tag & 7)) else { return .unsupportedWireType(UInt8(tag & 7)) }
        let field = message.fields.first { UInt64($0.number) == number }
        return .wrongWireType(expected: field?.wireType ?? type, found: type)
    }

    /// The error with the path of the field, which the stack tells.
    @inline(never)
    private func located(
        _ reason: WireError.Reason, at offset: Int, _ stack: InlineArray<64, Frame>, _ depth: Int,
        _ row: Int, tag: UInt64?
    ) -> WireError {
        var path: [String] = []
        for level in 0..<depth {
            let slot = stack[level].slot
            path.append(name(row: slot, tag: UInt64(slot & TelemetrySchema.tagMask)))
        }
        if let tag, tag >> 3 != 0 { path.append(name(row: row, tag: tag)) }
        return WireError(reason, at: offset, field: path.joined(separator: "."))
    }

    private func name(row: Int, tag: UInt64) -> String {
        TelemetrySchema.field(row: row, tag: tag)?.name ?? "\(tag >> 3)"
    }
}
