import Testing
import WireFormat

@Suite struct FieldCursorTests {
    @Test("What the writer wrote is what the cursor reads")
    func roundTrip() throws {
        let bytes = Sample.message { writer in
            writer.varint(1, .max)
            writer.fixed64(2, 0x0102_0304_0506_0708)
            writer.fixed32(3, 0xDEAD_BEEF)
            writer.string(4, "é")
            writer.message(300) { writer in
                writer.bytes(1, [UInt8](repeating: 7, count: 200))
                writer.double(2, 1.5)
            }
        }
        let span = bytes.span
        var cursor = FieldCursor(span)
        var numbers: [UInt32] = []
        var innerFields = 0
        while let field = try cursor.next() {
            numbers.append(field.number)
            switch field.number {
            case 1:
                let value = try cursor.readVarint(field) == .max
                #expect(value)
            case 2:
                let value = try cursor.readFixed64(field) == 0x0102_0304_0506_0708
                #expect(value)
            case 3:
                let value = try cursor.readFixed32(field) == 0xDEAD_BEEF
                #expect(value)
            case 4:
                let value = try cursor.readBytes(field).count == 2
                #expect(value)
            default:
                var inner = try cursor.readMessage(field)
                let base = inner.base
                #expect(base == bytes.count - 212)
                guard let first = try inner.next() else { break }
                let count = try inner.readBytes(first).count
                #expect(count == 200)
                guard let second = try inner.next() else { break }
                let bits = try inner.readFixed64(second)
                #expect(bits == (1.5).bitPattern)
                let isAtEnd = try inner.next() == nil
                #expect(isAtEnd)
                innerFields = 2
            }
        }
        #expect(numbers == [1, 2, 3, 4, 300])
        #expect(innerFields == 2)
        let isAtEnd = cursor.isAtEnd
        #expect(isAtEnd)
    }

    struct Bad: Sendable {
        var bytes: [UInt8]
        var error: WireError
        init(_ bytes: [UInt8], _ reason: WireError.Reason, at offset: Int) {
            self.bytes = bytes
            error = WireError(reason, at: offset)
        }
    }

    @Test(
        "Bytes that are no message are reported with their place, never read past",
        arguments: [
            Bad([0x08], .truncated(needed: 1, available: 0), at: 101),
            Bad([0x08, 0x80], .truncated(needed: 1, available: 0), at: 102),
            Bad([0x80], .truncated(needed: 1, available: 0), at: 101),
            Bad([0x09, 1, 2], .truncated(needed: 8, available: 2), at: 101),
            Bad([0x0D, 1, 2], .truncated(needed: 4, available: 2), at: 101),
            Bad([0x0A, 5, 0xAA], .truncated(needed: 5, available: 1), at: 102),
            Bad(
                [0x0A] + [UInt8](repeating: 0xFF, count: 9) + [1], .truncated(needed: .max, available: 0), at: 111),
            Bad([0x08] + [UInt8](repeating: 0xFF, count: 9) + [2], .overlongVarint, at: 101),
            Bad([0x00, 1], .invalidFieldNumber, at: 100),
            Bad([0x0B], .unsupportedWireType(3), at: 100),
            Bad([0x0F], .unsupportedWireType(7), at: 100),
        ])
    func refuses(bad: Bad) {
        let span = bad.bytes.span
        var cursor = FieldCursor(span, base: 100)
        do {
            while let field = try cursor.next() { try cursor.skip(field) }
            Issue.record("nothing was refused")
        } catch {
            #expect(error == bad.error)
        }
    }
}
