package import TraceModel

/// The ids of a run, all following from its seed, so that the acknowledged ones need not be kept while it lasts.
package struct LoadIDs: Sendable {
    package let seed: UInt64

    package init(seed: UInt64) {
        self.seed = seed
    }

    /// The id of the run's trace `number`, counted from 0.
    package func trace(_ number: UInt64) -> TraceID {
        let start = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
        return TraceID(
            high: Self.mix(start &+ 0x9E37_79B9_7F4A_7C15 &* (2 &* number &+ 1)),
            low: Self.mix(start &+ 0x9E37_79B9_7F4A_7C15 &* (2 &* number &+ 2)))
    }

    package func span(_ number: Int, of trace: TraceID) -> SpanID {
        SpanID(value: Self.mix(trace.low ^ 0xD1B5_4A32_D192_ED03 &* UInt64(number + 1)) | 1)
    }

    /// The output function of SplitMix64.
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
