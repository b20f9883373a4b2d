import SelfTelemetry

/// A second of the wall clock, as keys expire and audit entries happen: `2027-01-01T00:00:00Z`.
package struct UTCSecond: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Since 1970.
    package let seconds: UInt64

    package init(seconds: UInt64) { self.seconds = seconds }

    package static func now() -> UTCSecond { UTCSecond(seconds: WallClock.unixNanoseconds() / 1_000_000_000) }

    package static func < (left: UTCSecond, right: UTCSecond) -> Bool { left.seconds < right.seconds }

    /// Reads `2027-01-01T00:00:00Z`, with or without a fraction, which is left out, or a day alone, which begins at midnight.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10]), year >= 1970, (1...12).contains(month), day >= 1,
            day <= Self.days(in: month, of: year)
        else { return nil }
        var ofDay = 0
        if bytes.count > 10 {
            guard let time = Self.timeOfDay(bytes[10...]) else { return nil }
            ofDay = time
        }
        seconds = UInt64(Self.daysSince1970(year, month, day) * 86_400 + ofDay)
    }

    package var description: String {
        // Whole seconds, so the milliseconds are zeros.
        String(WallClock.rfc3339(unixNanoseconds: min(seconds, .max / 1_000_000_000) * 1_000_000_000).dropLast(5)) + "Z"
    }

    /// What follows the date: `T00:00:00Z` or `T00:00:00.123Z`.
    private static func timeOfDay(_ bytes: ArraySlice<UInt8>) -> Int? {
        let bytes = Array(bytes)
        guard bytes.count >= 10, bytes[0] == UInt8(ascii: "T"), bytes[3] == UInt8(ascii: ":"),
            bytes[6] == UInt8(ascii: ":"), bytes.last == UInt8(ascii: "Z"),
            let hour = number(bytes[1..<3]), let minute = number(bytes[4..<6]), let second = number(bytes[7..<9]),
            hour < 24, minute < 60, second < 60
        else { return nil }
        if bytes.count > 10 {
            guard bytes[9] == UInt8(ascii: "."), bytes.count > 11, number(bytes[10..<bytes.count - 1].prefix(9)) != nil
            else { return nil }
        }
        return hour * 3600 + minute * 60 + second
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        return value
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Counts in years that begin in March, so that leap days come last.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let marchYear = month > 2 ? year : year - 1
        let marchMonth = month > 2 ? month - 3 : month + 9
        let ofYear = (153 * marchMonth + 2) / 5 + day - 1
        return marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + ofYear - 719_468
    }
}
