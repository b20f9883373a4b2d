import Glibc

/// SplitMix64: the same numbers for the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// 0 up to, not including, 1.
    mutating func unit() -> Double { Double(next() >> 11) / 0x1p53 }

    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    mutating func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

    mutating func index(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    mutating func pick<T>(_ values: [T]) -> T { values[index(values.count)] }

    /// Standard normal, by Box and Muller.
    mutating func normal() -> Double { (-2 * log(1 - unit())).squareRoot() * cos(2 * .pi * unit()) }

    /// Log-normal with that median.
    mutating func around(_ median: Double, _ sigma: Double) -> Double { median * exp(sigma * normal()) }

    /// An index, small ones more often: weights 1, 1/2, 1/3 …
    mutating func skewed(_ count: Int) -> Int {
        var total = 0.0
        for index in 0..<count { total += 1 / Double(index + 1) }
        var rest = unit() * total
        for index in 0..<count {
            rest -= 1 / Double(index + 1)
            if rest < 0 { return index }
        }
        return count - 1
    }
}
