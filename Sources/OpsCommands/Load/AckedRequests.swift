/// The numbers of the acknowledged requests, kept as ranges: they come nearly in order, so a long run stays small.
package struct AckedRequests: Sendable {
    /// Disjoint, not in order.
    package private(set) var ranges: [ClosedRange<UInt64>] = []

    package init() {}

    package mutating func add(_ number: UInt64) {
        // Only the newest few ranges can be touched, as few requests are in flight at a time.
        for index in ranges.indices.suffix(64).reversed() {
            let range = ranges[index]
            if range.upperBound &+ 1 == number {
                ranges[index] = range.lowerBound...number
                return
            }
            if number &+ 1 == range.lowerBound {
                ranges[index] = number...range.upperBound
                return
            }
        }
        ranges.append(number...number)
    }
}
