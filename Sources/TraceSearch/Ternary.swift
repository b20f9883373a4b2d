/// Whether something holds: not at all, perhaps, or certainly. In this order, so that "and" is the smaller and "or" the larger.
enum Ternary: UInt8, Comparable {
    case no, open, yes

    init(_ likelihood: Likelihood) { self = !likelihood.some ? .no : likelihood.all ? .yes : .open }

    @inline(__always)
    static func < (left: Ternary, right: Ternary) -> Bool { left.rawValue < right.rawValue }

    @inline(__always)
    func union(_ other: Ternary) -> Ternary { self < other ? other : self }
    @inline(__always)
    mutating func formUnion(_ other: Ternary) { self = union(other) }
}
