import CNghttp2

/// A list of header fields in the form nghttp2 takes. Their bytes lie in one array, so that no field costs an allocation.
struct HeaderBlock {
    private var bytes: [UInt8] = []
    private var fields: [(name: Int, value: Int)] = []

    init() {
        bytes.reserveCapacity(256)
        fields.reserveCapacity(8)
    }

    mutating func add(_ name: String, _ value: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: value.utf8)
        fields.append((name.utf8.count, value.utf8.count))
    }

    /// The fields are valid during `body`; nghttp2 copies what it keeps.
    func withFields<R>(_ body: (UnsafePointer<nghttp2_nv>, Int) -> R) -> R {
        bytes.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: max(1, fields.count)) { list in
                // nghttp2 reads through these pointers only; its type is mutable for historical reasons.
                var next = UnsafeMutablePointer(mutating: bytes.baseAddress)
                for (index, field) in fields.enumerated() {
                    let value = next.map { $0 + field.name }
                    list.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: next, value: value, namelen: field.name, valuelen: field.value,
                            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
                    next = value.map { $0 + field.value }
                }
                return body(UnsafePointer(list.baseAddress!), fields.count)
            }
        }
    }
}

/// The version of nghttp2 that is loaded.
package func httpLibraryVersion() -> String {
    // Never null when asked for version 0; the text is static.
    String(cString: nghttp2_version(0).pointee.version_str)
}
