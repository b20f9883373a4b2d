/// The frame around a gRPC message: one byte that says whether it is compressed, four of length (big-endian), the message.
/// A unary call carries exactly one.
package enum GRPCFraming {
    package static let prefixLength = 5

    package struct Prefix: Sendable, Hashable {
        package var isCompressed: Bool
        package var length: Int

        package init(isCompressed: Bool, length: Int) {
            self.isCompressed = isCompressed
            self.length = length
        }
    }

    /// Reads the prefix of a body of which the beginning has arrived, and compares the claimed length with the limit before
    /// any of the message is read. Nil while fewer than five bytes are there.
    package static func prefix(of bytes: Span<UInt8>, limit: Int) throws(GRPCFramingError) -> Prefix? {
        guard let flag = bytes.isEmpty ? nil : bytes[0] else { return nil }
        guard flag <= 1 else { throw .unknownFlag(flag) }
        guard bytes.count >= prefixLength else { return nil }
        let length = Int(bytes[1]) << 24 | Int(bytes[2]) << 16 | Int(bytes[3]) << 8 | Int(bytes[4])
        guard length <= limit else { throw .tooLarge(claimed: length, limit: limit) }
        return Prefix(isCompressed: flag == 1, length: length)
    }

    /// Where the one message of a whole unary body stands. The message is still compressed if `isCompressed`.
    package static func unary(
        _ body: Span<UInt8>, limit: Int
    ) throws(GRPCFramingError) -> (isCompressed: Bool, message: Range<Int>) {
        guard let prefix = try prefix(of: body, limit: limit) else {
            throw body.isEmpty ? .empty : .incomplete(needed: prefixLength, available: body.count)
        }
        let available = body.count - prefixLength
        guard available >= prefix.length else { throw .incomplete(needed: prefix.length, available: available) }
        guard available == prefix.length else { throw .moreThanOne(trailing: available - prefix.length) }
        return (prefix.isCompressed, prefixLength..<body.count)
    }

    package static func appendPrefix(length: Int, isCompressed: Bool = false, to output: inout [UInt8]) {
        precondition(length >= 0 && length <= Int(UInt32.max), "a gRPC message is at most 4 GiB")
        output.append(isCompressed ? 1 : 0)
        for shift in [24, 16, 8, 0] { output.append(UInt8(truncatingIfNeeded: length >> shift)) }
    }

    /// Writes the prefix of the message that fills the rest of `body` into the first bytes, which were left for it.
    package static func completePrefix(of body: inout [UInt8], isCompressed: Bool) {
        var prefix: [UInt8] = []
        appendPrefix(length: body.count - prefixLength, isCompressed: isCompressed, to: &prefix)
        body.replaceSubrange(0..<prefixLength, with: prefix)
    }

    package static func frame(_ message: [UInt8], isCompressed: Bool = false) -> [UInt8] {
        var framed: [UInt8] = []
        framed.reserveCapacity(message.count + prefixLength)
        appendPrefix(length: message.count, isCompressed: isCompressed, to: &framed)
        framed.append(contentsOf: message)
        return framed
    }
}
