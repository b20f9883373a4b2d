import WireFormat

/// What sampling and enrichment have to know of a resource.
struct ResourceSight {
    /// `service.name`, the first that is not empty.
    private(set) var service = 0..<0
    /// For each attribute of the enrichment.
    private(set) var isPresent: [Bool] = []
    private(set) var missing = 0

    /// Reads the resource of a ResourceSpans, ResourceMetrics or ResourceLogs, wherever in it that stands.
    mutating func look(
        at fields: consuming FieldCursor, for enrichment: Enrichment?, in source: Span<UInt8>
    ) throws(WireError) {
        service = 0..<0
        isPresent.removeAll(keepingCapacity: true)
        missing = enrichment?.attributes.count ?? 0
        isPresent.append(contentsOf: repeatElement(false, count: missing))
        var cursor = fields
        while let field = try cursor.next() {
            guard field.number == 1, field.type == .bytes else {
                try cursor.skip(field)
                continue
            }
            var resource = try cursor.readMessage(field)
            while let field = try resource.next() {
                if field.number == 1, field.type == .bytes {
                    try noteAttribute(try resource.readMessage(field), enrichment, source)
                } else {
                    try resource.skip(field)
                }
            }
        }
    }

    private mutating func noteAttribute(
        _ attribute: consuming FieldCursor, _ enrichment: Enrichment?, _ source: Span<UInt8>
    ) throws(WireError) {
        var cursor = attribute
        var key = 0..<0
        var text = 0..<0
        while let field = try cursor.next() {
            guard field.type == .bytes, field.number == 1 || field.number == 2 else {
                try cursor.skip(field)
                continue
            }
            var content = try cursor.readMessage(field)
            if field.number == 1 {
                key = content.base..<cursor.absoluteOffset
                continue
            }
            guard Self.isServiceName(source, key) else { continue }
            while let field = try content.next() {
                if field.number == 1, field.type == .bytes {
                    let count = try content.readBytes(field).count
                    text = content.absoluteOffset - count..<content.absoluteOffset
                } else {
                    try content.skip(field)
                }
            }
        }
        if service.isEmpty { service = text }
        guard missing > 0, let enrichment else { return }
        for index in isPresent.indices where !isPresent[index] {
            guard Self.isEqual(source, key, enrichment.attributes[index].key) else { continue }
            isPresent[index] = true
            missing -= 1
        }
    }

    private static let serviceName = Array("service.name".utf8)

    private static func isServiceName(_ source: Span<UInt8>, _ key: Range<Int>) -> Bool {
        isEqual(source, key, serviceName)
    }

    private static func isEqual(_ source: Span<UInt8>, _ range: Range<Int>, _ bytes: [UInt8]) -> Bool {
        guard range.count == bytes.count else { return false }
        for index in 0..<bytes.count where source[range.lowerBound + index] != bytes[index] { return false }
        return true
    }
}
