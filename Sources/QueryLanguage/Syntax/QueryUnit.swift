/// What may stand behind a number.
struct QueryUnit {
    enum Measure {
        case time
        case size
    }

    let word: String
    /// Nanoseconds or bytes.
    let factor: Int64
    let measure: Measure

    static let times: [QueryUnit] = [
        QueryUnit("ns", 1, .time), QueryUnit("us", 1_000, .time), QueryUnit("ms", 1_000_000, .time),
        QueryUnit("s", 1_000_000_000, .time), QueryUnit("m", 60_000_000_000, .time),
        QueryUnit("h", 3_600_000_000_000, .time), QueryUnit("d", 86_400_000_000_000, .time),
    ]
    static let sizes: [QueryUnit] = [
        QueryUnit("B", 1, .size), QueryUnit("KB", 1_000, .size), QueryUnit("KiB", 1 << 10, .size),
        QueryUnit("MB", 1_000_000, .size), QueryUnit("MiB", 1 << 20, .size), QueryUnit("GB", 1_000_000_000, .size),
        QueryUnit("GiB", 1 << 30, .size),
    ]

    private init(_ word: String, _ factor: Int64, _ measure: Measure) {
        (self.word, self.factor, self.measure) = (word, factor, measure)
    }

    static func named(_ word: String) -> QueryUnit? {
        // U+00B5 is the micro sign, U+03BC the Greek letter that looks alike.
        let word = word == "\u{B5}s" || word == "\u{3BC}s" ? "us" : word
        return (times + sizes).first { $0.word == word }
    }

    private static let otherNames: [String: [String]] = [
        "ns": ["nsec", "nanos", "nanosecond", "nanoseconds"], "us": ["usec", "micros", "microsecond", "microseconds"],
        "ms": ["msec", "millis", "millisecond", "milliseconds"], "s": ["sec", "secs", "second", "seconds"],
        "m": ["min", "mins", "minute", "minutes"], "h": ["hr", "hrs", "hour", "hours"], "d": ["day", "days"],
        "B": ["byte", "bytes"], "KiB": ["k", "ki"], "MiB": ["mi"], "GiB": ["g", "gi"],
    ]

    /// The unit that an unknown word was meant for.
    static func meant(by word: String) -> String? {
        let lowered = word.lowercased()
        if let name = otherNames.first(where: { $0.value.contains(lowered) })?.key { return name }
        return (times + sizes).first { $0.word.lowercased() == lowered }?.word
    }
}

/// A number as it is written, taken apart.
struct WrittenNumber {
    let isNegative: Bool
    let whole: Substring
    /// Behind the point; nil without a point.
    let fraction: Substring?
    let exponent: Substring?
    /// Letters behind the number; empty without.
    let unit: Substring

    /// Nil if the word is no number with or without letters behind it.
    init?(_ word: String) {
        var rest = Substring(word)
        isNegative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        func digits() -> Substring {
            let found = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(found.count)
            return found
        }
        whole = digits()
        if rest.first == "." {
            rest = rest.dropFirst()
            fraction = digits()
            guard fraction?.isEmpty == false else { return nil }
        } else {
            guard !whole.isEmpty else { return nil }
            fraction = nil
        }
        let beforeExponent = rest
        var exponent: Substring?
        if rest.first == "e" || rest.first == "E" {
            rest = rest.dropFirst()
            if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
            if !digits().isEmpty, rest.isEmpty {
                exponent = beforeExponent.dropFirst()
            } else {
                rest = beforeExponent
            }
        }
        self.exponent = exponent
        guard rest.allSatisfy(\.isLetter) else { return nil }
        unit = rest
    }

    /// Whole multiples of what `factor` counts. Nil if it is none, or too large.
    func scaled(by factor: Int64) -> Result<Int64, Unscalable> {
        let digits = whole + (fraction ?? "")
        guard digits.utf8.count <= 30, let number = Int128(digits) else { return .failure(.tooLarge) }
        var divisor: Int128 = 1
        for _ in 0..<(fraction?.utf8.count ?? 0) { divisor *= 10 }
        let (product, overflow) = number.multipliedReportingOverflow(by: Int128(factor))
        guard !overflow else { return .failure(.tooLarge) }
        guard product.isMultiple(of: divisor) else { return .failure(.notWhole) }
        let result = product / divisor
        guard let fitting = Int64(exactly: isNegative ? -result : result) else { return .failure(.tooLarge) }
        return .success(fitting)
    }

    enum Unscalable: Error {
        case tooLarge
        case notWhole
    }
}
