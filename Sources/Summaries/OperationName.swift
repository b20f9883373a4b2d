/// Makes names with ids in them one operation.
package enum OperationName {
    /// Where operations beyond a bound are counted.
    package static let other = "other"

    /// The clustered form of a span's name: a pure function of the name.
    package static func cluster(_ name: String) -> String {
        String(decoding: cluster(name.utf8Span.span), as: UTF8.self)
    }

    static func cluster(_ name: Span<UInt8>) -> [UInt8] { name.withUnsafeBufferPointer { Array($0) } }
}
