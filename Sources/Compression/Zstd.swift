import CZstd

/// Turns the length-or-error that zstd returns into a length or a thrown error.
func checkZstd(_ operation: @autoclosure () -> String, _ result: Int) throws(CompressionError) -> Int {
    guard ZSTD_isError(result) != 0 else { return result }
    throw .library(operation: operation(), reason: String(cString: ZSTD_getErrorName(result)))
}

/// What a zstd frame's header says about its unpacked length.
enum ZstdFrameLength: Equatable {
    case known(UInt64)
    case unknown
    /// No complete frame header.
    case invalid

    init(_ bytes: UnsafeRawBufferPointer) {
        // The library's two special results are macros, which Swift cannot see: (0ULL - 1) and (0ULL - 2).
        switch ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count) {
        case .max: self = .unknown
        case .max - 1: self = .invalid
        case let length: self = .known(length)
        }
    }
}
