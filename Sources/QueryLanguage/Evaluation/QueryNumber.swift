/// A number that is compared without loss, whatever it was made of. Never NaN.
enum QueryNumber {
    case integer(Int64)
    /// Above `Int64.max`.
    case large(UInt64)
    case decimal(Double)

    init?(_ value: QueryValue) {
        switch value {
        case .integer(let number): self = .integer(number)
        case .decimal(let number) where !number.isNaN: self = .decimal(number)
        default: return nil
        }
    }

    init(_ number: UInt64) {
        self = Int64(exactly: number).map { .integer($0) } ?? .large(number)
    }

    private var wide: Int128? {
        switch self {
        case .integer(let number): Int128(number)
        case .large(let number): Int128(number)
        case .decimal: nil
        }
    }
}

extension QueryNumber: Comparable {
    static func == (left: QueryNumber, right: QueryNumber) -> Bool { compare(left, right) == 0 }
    static func < (left: QueryNumber, right: QueryNumber) -> Bool { compare(left, right) < 0 }

    private static func compare(_ left: QueryNumber, _ right: QueryNumber) -> Int {
        switch (left, right) {
        case (.decimal(let left), .decimal(let right)): left < right ? -1 : left > right ? 1 : 0
        case (.decimal(let left), _): compare(left, right.wide ?? 0)
        case (_, .decimal(let right)): -compare(right, left.wide ?? 0)
        default: (left.wide ?? 0) < (right.wide ?? 0) ? -1 : left.wide == right.wide ? 0 : 1
        }
    }

    /// By the whole part first, which is exact, then by what is left.
    private static func compare(_ decimal: Double, _ integer: Int128) -> Int {
        if decimal >= 0x1p100 { return 1 }
        if decimal <= -0x1p100 { return -1 }
        let down = decimal.rounded(.down)
        let whole = Int128(down)
        return whole < integer ? -1 : whole > integer ? 1 : decimal > down ? 1 : 0
    }
}
