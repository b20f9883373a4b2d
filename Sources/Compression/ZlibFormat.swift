import CZlib

/// zlib's way of naming a format: a number added to, or the sign of, the window size.
enum ZlibFormat {
    static let gzipOnly: Int32 = 16

    case gzip
    case zlib
    case bare

    var windowBits: Int32 {
        switch self {
        case .gzip: MAX_WBITS + Self.gzipOnly
        case .zlib: MAX_WBITS
        case .bare: -MAX_WBITS
        }
    }

    /// Tells the two things that are sent as "deflate" apart: a zlib header names method 8 in its first byte and makes a
    /// multiple of 31 of both bytes.
    static func ofDeflate(_ input: UnsafeBufferPointer<UInt8>) -> ZlibFormat {
        guard input.count >= 2 else { return .zlib }
        let looksLikeHeader = input[0] & 0x0F == 8 && (Int(input[0]) << 8 | Int(input[1])) % 31 == 0
        return looksLikeHeader ? .zlib : .bare
    }
}
