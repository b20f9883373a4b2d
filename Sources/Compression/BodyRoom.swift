/// Grows a body in steps towards its limit, so that a small input cannot claim much memory before it has earned it.
struct BodyRoom {
    /// Most bytes asked of a decompressor at once, unless it told a length that the input's size makes believable.
    static let step = 64 << 10

    /// Length of the output before this body.
    let start: Int
    let limit: Int

    /// Runs `fill` once with room for at least one byte over the limit or `wanted` bytes, whichever is less.
    func next(
        in output: inout [UInt8], wanted: Int = step,
        _ fill: (UnsafeMutableRawBufferPointer) throws(CompressionError) -> Int
    ) throws(CompressionError) {
        let left = limit - (output.count - start)
        let size = min(wanted, left == .max ? left : left + 1)
        // Doubling, but never beyond the limit: Array would double by itself past it.
        if output.capacity - output.count < size {
            let (doubled, overflow) = output.capacity.multipliedReportingOverflow(by: 2)
            let (most, mostOverflow) = start.addingReportingOverflow(limit)
            let target = min(overflow ? .max : doubled, mostOverflow ? .max : most)
            output.reserveCapacity(max(output.count + size, target))
        }
        try output.appendUninitialized(upTo: size, fill)
        guard output.count - start <= limit else { throw .tooLarge(limit: limit) }
    }
}
