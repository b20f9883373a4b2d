import WireFormat

/// Where the occurrences of each field of a message lie, by the field's index in its schema, and whether there are fields
/// that the schema does not know. Allocates nothing.
struct FieldExtents {
    var first = InlineArray<20, Int>(repeating: -1)
    var end = InlineArray<20, Int>(repeating: -1)
    var count = InlineArray<20, Int>(repeating: 0)
    var hasUnknown = false

    init(_ bytes: Span<UInt8>, base: Int, _ schema: MessageSchema) throws(WireError) {
        var chosen: Int?
        var cursor = FieldCursor(bytes, base: base)
        while let field = try cursor.next() {
            try cursor.skip(field)
            guard let index = schema.index(ofNumber: field.number) else {
                hasUnknown = true
                continue
            }
            if schema.fields[index].presence == .oneof, chosen != index {
                // The last member of the group counts, and forgets what was set before.
                if let chosen { count[chosen] = 0 }
                count[index] = 0
                chosen = index
            }
            if count[index] == 0 { first[index] = field.start }
            count[index] += 1
            end[index] = cursor.offset
        }
    }

    func range(_ index: Int) -> Range<Int> { first[index]..<end[index] }

    /// The fields of a message that its schema does not know, with their tags, in their order.
    static func unknown(in bytes: Span<UInt8>, base: Int, _ schema: MessageSchema) throws(WireError) -> [UInt8] {
        var unknown: [UInt8] = []
        var cursor = FieldCursor(bytes, base: base)
        while let field = try cursor.next() {
            try cursor.skip(field)
            guard schema.index(ofNumber: field.number) == nil else { continue }
            bytes.extracting(field.start..<cursor.offset).withUnsafeBufferPointer { unknown.append(contentsOf: $0) }
        }
        return unknown
    }
}
