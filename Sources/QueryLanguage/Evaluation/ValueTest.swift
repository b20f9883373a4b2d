import OTLP

/// What one value has to satisfy.
enum ValueTest {
    case equal(EqualityTest)
    /// By canonical text, where there are many.
    case oneOf(Set<[UInt8]>, numbers: [UInt64])
    case fewOf([EqualityTest])
    case number(Comparison, QueryNumber)
    case text(Comparison, [UInt8])
    case numberRange(QueryNumber, QueryNumber)
    case textRange([UInt8], [UInt8])
    case pattern(QueryPattern)
    /// The value it is compared with has no order, or two that do not go together.
    case never

    init(_ comparison: Comparison, _ value: QueryValue) {
        if !comparison.isOrdering {
            self = .equal(EqualityTest(value))
        } else if case .text(let text) = value {
            self = .text(comparison, Array(text.utf8))
        } else if let number = QueryNumber(value) {
            self = .number(comparison, number)
        } else {
            self = .never
        }
    }

    init(from first: QueryValue, to last: QueryValue) {
        if case .text(let first) = first, case .text(let last) = last {
            self = .textRange(Array(first.utf8), Array(last.utf8))
        } else if let first = QueryNumber(first), let last = QueryNumber(last) {
            self = .numberRange(first, last)
        } else {
            self = .never
        }
    }

    init(oneOf values: [QueryValue]) {
        if values.count <= 8 {
            self = .fewOf(values.map { EqualityTest($0) })
        } else {
            let texts = values.map { canonicalText($0) }
            self = .oneOf(
                Set(texts.map { Array($0.utf8) }),
                numbers: texts.compactMap { text in UInt64(text).flatMap { String($0) == text ? $0 : nil } })
        }
    }

    func holds(_ value: AttributeValue) -> Bool {
        switch self {
        case .equal(let test): return test.holds(value)
        case .fewOf(let tests): return tests.contains { $0.holds(value) }
        case .oneOf(let texts, _): return canonicalText(value).map { texts.contains(Array($0.utf8)) } ?? false
        case .number(let comparison, let bound):
            return Self.number(of: value).map { comparison.orders($0, bound) } ?? false
        case .numberRange(let first, let last):
            return Self.number(of: value).map { first <= $0 && $0 <= last } ?? false
        case .text(let comparison, let bound):
            guard case .string(let text) = value else { return false }
            let isLess = text.utf8.lexicographicallyPrecedes(bound)
            switch comparison {
            case .less: return isLess
            case .greaterOrEqual: return !isLess
            case .greater: return bound.lexicographicallyPrecedes(text.utf8)
            default: return !bound.lexicographicallyPrecedes(text.utf8)
            }
        case .textRange(let first, let last):
            guard case .string(let text) = value else { return false }
            return !text.utf8.lexicographicallyPrecedes(first) && !last.lexicographicallyPrecedes(text.utf8)
        case .pattern(let pattern): return canonicalText(value).map { pattern.matches($0) } ?? false
        case .never: return false
        }
    }

    /// Of a number that is one of these. Nil if it depends on which one.
    func holds(_ numbers: ClosedRange<UInt64>) -> Bool? {
        let (low, high) = (QueryNumber(numbers.lowerBound), QueryNumber(numbers.upperBound))
        let isKnown = numbers.lowerBound == numbers.upperBound
        switch self {
        case .equal(let test): return test.holds(numbers)
        case .fewOf(let tests):
            let answers = tests.map { $0.holds(numbers) }
            return answers.contains(true) ? true : answers.contains(nil) ? nil : false
        case .oneOf(_, let listed): return listed.contains(where: numbers.contains) ? (isKnown ? true : nil) : false
        case .number(let comparison, let bound):
            let (atLow, atHigh) = (comparison.orders(low, bound), comparison.orders(high, bound))
            return atLow == atHigh ? atLow : nil
        case .numberRange(let first, let last):
            if first <= low && high <= last { return true }
            return high < first || last < low ? false : nil
        case .pattern(let pattern): return isKnown ? pattern.matches(String(numbers.lowerBound)) : nil
        case .text, .textRange, .never: return false
        }
    }

    /// All numbers that satisfy it, where these are the numbers between two.
    enum Interval {
        case none
        case between(ClosedRange<UInt64>)
        case scattered
    }

    var interval: Interval {
        /// The numbers from the first on that satisfies what all above it satisfy, too.
        func from(_ holds: (UInt64) -> Bool) -> UInt64? {
            guard holds(.max) else { return nil }
            var (low, high) = (UInt64.min, UInt64.max)
            while low < high {
                let middle = low + (high - low) / 2
                if holds(middle) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        func between(_ first: UInt64?, _ behind: UInt64?) -> Interval {
            guard let first, behind != 0 else { return .none }
            let last = behind.map { $0 - 1 } ?? .max
            return first <= last ? .between(first...last) : .none
        }
        switch self {
        case .equal(let test): return test.number.map { .between($0...$0) } ?? .none
        case .number(let comparison, let bound):
            func holds(_ number: UInt64) -> Bool { comparison.orders(QueryNumber(number), bound) }
            switch comparison {
            case .greater, .greaterOrEqual: return between(from(holds), nil)
            case .less, .lessOrEqual: return between(0, from { !holds($0) })
            case .equal, .notEqual: return .scattered
            }
        case .numberRange(let first, let last):
            return between(from { first <= QueryNumber($0) }, from { last < QueryNumber($0) })
        case .text, .textRange, .never: return .none
        case .oneOf, .fewOf, .pattern: return .scattered
        }
    }

    private static func number(of value: AttributeValue) -> QueryNumber? {
        switch value {
        case .int(let number): .integer(number)
        case .double(let number): number.isNaN ? nil : .decimal(number)
        case .string(let text): QueryNumber(canonical: text)
        case .bool, .bytes, .empty, .array, .map: nil
        }
    }
}

extension Comparison {
    fileprivate func orders(_ left: QueryNumber, _ right: QueryNumber) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }
}
