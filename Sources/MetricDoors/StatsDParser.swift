/// Reads one line of StatsD or DogStatsD: `name:value|type`, with several values, `|@rate`, `|#tag,tag`, `|c:container`
/// and `|T…` in any order. What it finds are places in the bytes it was given; it copies nothing and keeps its arrays.
package struct StatsDParser {
    package enum Kind: UInt8, CaseIterable, Sendable { case counter, gauge, timer, histogram, set }

    package static let mostNameBytes = 255
    /// Of all tags of a line together.
    package static let mostTagBytes = 4096
    package static let mostTags = 64

    package private(set) var kind = Kind.counter
    package private(set) var name = 0..<0
    /// Of counters, gauges, timers and histograms.
    package private(set) var numbers: [Number] = []
    /// Of sets.
    package private(set) var member = 0..<0
    /// Over 0, at most 1.
    package private(set) var rate = 1.0
    package private(set) var tags: [Range<Int>] = []
    package private(set) var container: Range<Int>?
    /// Seconds since 1970, where the line says when the value was taken.
    package private(set) var timestamp: UInt64?
    /// The line has fields that only DogStatsD knows.
    package private(set) var isDogStatsD = false

    package struct Number: Equatable, Sendable {
        package var value: Double
        /// It was written with `+` or `-`.
        package var isSigned: Bool
    }

    package init() {}

    /// - Parameter line: without its end.
    package mutating func parse(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(StatsDFault) {
        reset()
        try Self.checkText(bytes, line)
        guard let colon = Self.find(UInt8(ascii: ":"), bytes, line) else { throw .noValue }
        name = line.lowerBound..<colon
        guard !name.isEmpty else { throw .noName }
        guard name.count <= Self.mostNameBytes else { throw .nameTooLong }
        var rest = colon + 1..<line.upperBound
        let values = Self.cut(&rest, at: UInt8(ascii: "|"), bytes)
        guard let values, !rest.isEmpty else { throw .noType }
        kind = try Self.kind(bytes, Self.cut(&rest, at: UInt8(ascii: "|"), bytes) ?? Self.take(&rest))
        if kind == .set {
            guard !values.isEmpty else { throw .badValue }
            member = values
        } else {
            try readNumbers(bytes, values)
        }
        while !rest.isEmpty {
            try readField(bytes, Self.cut(&rest, at: UInt8(ascii: "|"), bytes) ?? Self.take(&rest))
        }
    }

    private mutating func reset() {
        numbers.removeAll(keepingCapacity: true)
        tags.removeAll(keepingCapacity: true)
        (rate, container, timestamp, isDogStatsD) = (1, nil, nil, false)
    }

    private static func kind(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(StatsDFault) -> Kind {
        guard !range.isEmpty else { throw .noType }
        switch (range.count, bytes[range.lowerBound]) {
        case (1, UInt8(ascii: "c")): return .counter
        case (1, UInt8(ascii: "g")): return .gauge
        case (1, UInt8(ascii: "h")), (1, UInt8(ascii: "d")): return .histogram
        case (1, UInt8(ascii: "s")): return .set
        case (2, UInt8(ascii: "m")) where bytes[range.lowerBound + 1] == UInt8(ascii: "s"): return .timer
        default: throw .unknownType
        }
    }

    private mutating func readNumbers(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(StatsDFault) {
        var rest = range
        repeat {
            let text = Self.cut(&rest, at: UInt8(ascii: ":"), bytes) ?? Self.take(&rest)
            guard let value = Self.number(bytes, text) else { throw .badValue }
            let first = bytes[text.lowerBound]
            numbers.append(Number(value: value, isSigned: first == UInt8(ascii: "+") || first == UInt8(ascii: "-")))
        } while !rest.isEmpty
        // A colon at the very end promises a value that is not there.
        if bytes[range.upperBound - 1] == UInt8(ascii: ":") { throw .badValue }
    }

    private mutating func readField(_ bytes: Span<UInt8>, _ field: Range<Int>) throws(StatsDFault) {
        guard let first = field.first.map({ bytes[$0] }) else { return }
        let content = field.lowerBound + 1..<field.upperBound
        switch first {
        case UInt8(ascii: "@"):
            guard let value = Self.number(bytes, content), value >= 1e-9, value <= 1 else { throw .badRate }
            rate = value
        case UInt8(ascii: "#"):
            isDogStatsD = true
            try readTags(bytes, content)
        case UInt8(ascii: "c") where field.count > 2 && bytes[field.lowerBound + 1] == UInt8(ascii: ":"):
            isDogStatsD = true
            container = field.lowerBound + 2..<field.upperBound
        case UInt8(ascii: "T"):
            isDogStatsD = true
            // Ten digits are the year 2286; more could not be told in nanoseconds.
            guard let value = Self.wholeNumber(bytes, content), value > 0, content.count <= 10 else {
                throw .badTimestamp
            }
            timestamp = value
        default:
            // A field of a later protocol, such as |e: or |card:, says nothing about the value.
            isDogStatsD = true
        }
    }

    private mutating func readTags(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(StatsDFault) {
        guard range.count <= Self.mostTagBytes else { throw .tooManyTags }
        var rest = range
        while !rest.isEmpty {
            let tag = Self.cut(&rest, at: UInt8(ascii: ","), bytes) ?? Self.take(&rest)
            // `:value` names nothing.
            guard !tag.isEmpty, bytes[tag.lowerBound] != UInt8(ascii: ":") else { continue }
            guard tags.count < Self.mostTags else { throw .tooManyTags }
            tags.append(tag)
        }
    }

    // MARK: pieces

    /// What lies before the next `byte`, and moves `rest` behind it; nil when there is none.
    static func cut(_ rest: inout Range<Int>, at byte: UInt8, _ bytes: Span<UInt8>) -> Range<Int>? {
        guard let place = find(byte, bytes, rest) else { return nil }
        defer { rest = place + 1..<rest.upperBound }
        return rest.lowerBound..<place
    }

    static func take(_ rest: inout Range<Int>) -> Range<Int> {
        defer { rest = rest.upperBound..<rest.upperBound }
        return rest
    }

    static func find(_ byte: UInt8, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        for index in range where bytes[index] == byte { return index }
        return nil
    }

    /// Refuses what is not UTF-8, and control characters: OTLP has room for neither, nor have keys made of the text.
    static func checkText(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(StatsDFault) {
        var isASCII = true
        for index in range {
            let byte = bytes[index]
            if byte < 0x20 || byte == 0x7F { throw .controlCharacter }
            if byte >= 0x80 { isASCII = false }
        }
        guard isASCII || isUTF8(bytes, range) else { throw .notUTF8 }
    }

    private static func isUTF8(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        (try? UTF8Span(validating: bytes.extracting(range))) != nil
    }

    static func wholeNumber(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        guard (1...18).contains(range.count) else { return nil }
        var value: UInt64 = 0
        for index in range {
            guard (48...57).contains(bytes[index]) else { return nil }
            value = value * 10 + UInt64(bytes[index] - 48)
        }
        return value
    }

    /// A finite decimal number, with sign, point and exponent where they stand.
    static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Double? {
        guard let first = range.first, range.count <= 64 else { return nil }
        let isSigned = bytes[first] == UInt8(ascii: "+") || bytes[first] == UInt8(ascii: "-")
        let digits = isSigned ? first + 1..<range.upperBound : range
        if digits.count <= 15, let whole = wholeNumber(bytes, digits) {
            return bytes[first] == UInt8(ascii: "-") ? -Double(whole) : Double(whole)
        }
        var hasDigit = false
        for index in digits {
            switch bytes[index] {
            case 48...57: hasDigit = true
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"): break
            default: return nil  // also inf, nan and hexadecimal, which Double would read
            }
        }
        guard hasDigit, let value = Double(text(bytes, range)), value.isFinite else { return nil }
        return value
    }

    static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        bytes.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}
