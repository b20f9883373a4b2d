import Glibc

/// How many different members a set has: exactly up to 64, beyond that by a HyperLogLog of 2048 registers, whose standard error is
/// 2.3 %. Keeps hashes, never members.
package struct DistinctCount: Equatable, Sendable {
    package static let mostExact = 64
    private static let precision = 11
    private static let registerCount = 1 << precision
    /// Of memory, at most.
    package static let mostBytes = registerCount

    private var exact: [UInt64] = []
    /// Empty while the count is exact.
    private var registers: [UInt8] = []

    package init() {}

    /// - Parameter hash: 64 uniform bits that the member alone decides.
    package mutating func insert(hash: UInt64) {
        if !registers.isEmpty { return note(hash) }
        guard !exact.contains(hash) else { return }
        if exact.count < Self.mostExact { return exact.append(hash) }
        registers = [UInt8](repeating: 0, count: Self.registerCount)
        for earlier in exact { note(earlier) }
        exact = []
        note(hash)
    }

    private mutating func note(_ hash: UInt64) {
        let place = Int(hash >> UInt64(64 - Self.precision))
        // The bit that is set below the rest ends the run of zeros at its longest.
        let rest = hash << UInt64(Self.precision) | 1 << UInt64(Self.precision - 1)
        registers[place] = max(registers[place], UInt8(rest.leadingZeroBitCount + 1))
    }

    package var value: Int64 {
        registers.isEmpty ? Int64(exact.count) : Int64(estimate.rounded())
    }

    /// The estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6: without bias
    /// over the whole range, so no table of corrections is needed.
    private var estimate: Double {
        let (m, q) = (Double(Self.registerCount), 64 - Self.precision)
        var multiplicity = [Double](repeating: 0, count: q + 2)
        for register in registers { multiplicity[Int(register)] += 1 }
        var z = m * Self.tau(1 - multiplicity[q + 1] / m)
        for k in stride(from: q, through: 1, by: -1) { z = 0.5 * (z + multiplicity[k]) }
        z += m * Self.sigma(multiplicity[0] / m)
        return m * m / (2 * log(2) * z)
    }

    private static func sigma(_ share: Double) -> Double {
        guard share < 1 else { return .infinity }
        var (x, y, z) = (share, 1.0, share)
        while true {
            x *= x
            let before = z
            z += x * y
            y += y
            if z == before { return z }
        }
    }

    private static func tau(_ share: Double) -> Double {
        guard share > 0, share < 1 else { return 0 }
        var (x, y, z) = (share, 1.0, 1 - share)
        while true {
            x = x.squareRoot()
            let before = z
            y *= 0.5
            z -= (1 - x) * (1 - x) * y
            if z == before { return z / 3 }
        }
    }
}
