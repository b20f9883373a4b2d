package import TraceModel

/// Tells traces apart over segments, mostly: whoever chooses ids can make some meet, which costs searches time and no answer.
package enum OutlineHash {
    @inline(__always)
    package static func of(_ id: TraceID) -> UInt32 {
        var hash = (id.high ^ 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
        hash = (hash ^ hash >> 32 ^ id.low) &* 0x9FB2_1C65_1E98_DF25
        return UInt32(truncatingIfNeeded: hash >> 32)
    }
}
