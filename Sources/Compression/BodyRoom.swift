/// Where a decompressor writes a body: grows in steps towards the limit, so that a small input cannot claim much memory
/// before it has earned it.
///
/// A body that turns out long without having told so is only measured from there on. `isMeasuring` is then true, and it has
/// to be unpacked again into a room of the right size, which `measured` is: a bomb is refused for the price of processor
/// time alone, and an honest body gets its memory once and whole.
struct BodyRoom {
    /// Most bytes asked of a decompressor at once, unless it told a length that the input's size makes believable.
    static let step = 64 << 10
    /// What is kept of a body of unknown length.
    static let longestUnmeasured = 2 << 20

    /// Length of the output before this body.
    private let start: Int
    private let limit: Int
    /// Known length of the whole body; nil before it was measured.
    let length: Int?
    private var count = 0
    private(set) var isMeasuring = false

    init(start: Int, limit: Int, length: Int? = nil) {
        self.start = start
        self.limit = limit
        self.length = length
    }

    /// Bytes of this body so far.
    var measured: Int { count }
    var left: Int { limit - count }

    /// Runs `fill` once with room for at least one byte over the limit or `wanted` bytes, whichever is less.
    mutating func next(
        in output: inout [UInt8], wanted: Int = step,
        _ fill: (UnsafeMutableRawBufferPointer) throws(CompressionError) -> Int
    ) throws(CompressionError) {
        if length == nil, wanted <= Self.step, count >= Self.longestUnmeasured { isMeasuring = true }
        let size = min(isMeasuring ? Self.step : wanted, left == .max ? left : left + 1)
        if isMeasuring {
            // Over what was kept, which is of no use any more.
            output.removeLast(output.count - start)
        } else if output.capacity - output.count < size {
            makeRoom(size, in: &output)
        }
        let before = output.count
        try output.appendUninitialized(upTo: size, fill)
        count += output.count - before
        guard count <= limit else { throw .tooLarge(limit: limit) }
    }

    /// Doubling, but never beyond the limit: Array would double by itself past it.
    private func makeRoom(_ size: Int, in output: inout [UInt8]) {
        if let length {
            output.reserveCapacity(start + length + 1)
            return
        }
        let (doubled, overflow) = output.capacity.multipliedReportingOverflow(by: 2)
        let (most, mostOverflow) = start.addingReportingOverflow(limit)
        let target = min(overflow ? .max : doubled, mostOverflow ? .max : most)
        output.reserveCapacity(max(output.count + size, target))
    }
}
