import Glibc

/// A weighted sample of a measure, as sums.
struct Mass: Sendable, Equatable {
    private(set) var weight = 0.0
    private(set) var sum = 0.0
    private(set) var squares = 0.0

    mutating func add(_ value: Double, weight: Double = 1) {
        self.weight += weight
        sum += weight * value
        squares += weight * value * value
    }

    static func + (left: Mass, right: Mass) -> Mass {
        var mass = left
        mass.weight += right.weight
        mass.sum += right.sum
        mass.squares += right.squares
        return mass
    }

    static func * (mass: Mass, factor: Double) -> Mass {
        var mass = mass
        mass.weight *= factor
        mass.sum *= factor
        mass.squares *= factor
        return mass
    }

    func without(_ part: Mass) -> Mass {
        var mass = self
        mass.weight -= part.weight
        mass.sum -= part.sum
        mass.squares -= part.squares
        return mass
    }

    var mean: Double { weight > 0 ? sum / weight : 0 }
    /// Sum of squared differences from the mean.
    var variation: Double { weight > 0 ? max(0, squares - sum * sum / weight) : 0 }
}

/// How well it explains a measure to set a part of the sample apart from the rest.
struct Split: Sendable, Equatable {
    /// The share of the variation that the two means explain, 0 to 1.
    var fit = 0.0
    /// Mean of the part minus mean of the rest.
    var difference = 0.0

    init() {}

    init(_ part: Mass, of whole: Mass) {
        let rest = whole.without(part)
        guard part.weight > 1e-9, rest.weight > 1e-9 * whole.weight, whole.variation > 1e-12 else { return }
        difference = part.mean - rest.mean
        let between = part.weight * rest.weight / whole.weight * difference * difference
        fit = min(1, between / whole.variation)
    }

    /// What of the fit is left when the best of `candidates` splits of `count` things that mean nothing is taken away.
    func beyondChance(count: Int, candidates: Int) -> Double {
        guard count > 2 else { return 0 }
        let chance = min(1, (1 + 2 * log(Double(max(2, candidates)))) / Double(count))
        return chance < 1 ? max(0, (fit - chance) / (1 - chance)) : 0
    }
}
