/// Moments as RFC 3339 writes them, in Unix nanoseconds.
enum Moment {
    private static let nanosecondsADay: Int64 = 86_400_000_000_000

    /// Reads `2026-01-02`, `2026-01-02T03:04`, `2026-01-02T03:04:05.678Z` and `…+02:00`; without a zone it is UTC. Nil for
    /// anything else, and for what does not fit.
    static func parse(_ text: String) -> Int64? {
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), (1...12).contains(month),
            reader.take("-"), let day = reader.number(2), day >= 1, day <= days(inMonth: month, of: year)
        else { return nil }
        var nanoseconds: Int128 = 0
        if reader.take("T") || reader.take("t") {
            guard let hour = reader.number(2), hour < 24, reader.take(":"), let minute = reader.number(2), minute < 60
            else { return nil }
            var second = 0
            var fraction: Int128 = 0
            if reader.take(":") {
                guard let whole = reader.number(2), whole < 60 else { return nil }
                second = whole
                if reader.take(".") {
                    guard let digits = reader.fraction() else { return nil }
                    fraction = Int128(digits)
                }
            }
            guard let offset = reader.zone() else { return nil }
            nanoseconds = Int128(hour * 3600 + minute * 60 + second - offset * 60) * 1_000_000_000 + fraction
        }
        guard reader.isAtEnd else { return nil }
        return Int64(exactly: Int128(daysSince1970(year, month, day)) * Int128(nanosecondsADay) + nanoseconds)
    }

    static func text(_ moment: Int64) -> String {
        let days = Int((Double(moment) / Double(nanosecondsADay)).rounded(.down))
        var day = days
        // The quotient of doubles may be off by one at the edge of a day.
        while Int128(day) * Int128(nanosecondsADay) > Int128(moment) { day -= 1 }
        while Int128(day + 1) * Int128(nanosecondsADay) <= Int128(moment) { day += 1 }
        let rest = Int64(Int128(moment) - Int128(day) * Int128(nanosecondsADay))
        let (year, month, dayOfMonth) = date(day)
        let seconds = Int(rest / 1_000_000_000)
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))"
        text += "T\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        let fraction = Int(rest % 1_000_000_000)
        if fraction != 0 {
            var digits = Substring(padded(fraction, 9))
            while digits.last == "0" { digits = digits.dropLast() }
            text += "." + digits
        }
        return text + "Z"
    }

    /// A number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size: seconds reach to
    /// the year 5138, milliseconds begin in 1973.
    static func fromNumber(_ number: Int64) -> Int64? {
        let scale: Int64 =
            switch number.magnitude {
            case ..<100_000_000_000: 1_000_000_000
            case ..<100_000_000_000_000: 1_000_000
            case ..<100_000_000_000_000_000: 1_000
            default: 1
            }
        let (result, overflow) = number.multipliedReportingOverflow(by: scale)
        return overflow ? nil : result
    }

    private static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Leap days since the year 0, before `year`.
    private static func daysBefore(year: Int) -> Int {
        let last = year - 1
        return year * 365 + last / 4 - last / 100 + last / 400
    }

    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        var count = daysBefore(year: year) - daysBefore(year: 1970) + day - 1
        for earlier in 1..<month { count += days(inMonth: earlier, of: year) }
        return count
    }

    private static func date(_ daysSince1970: Int) -> (year: Int, month: Int, day: Int) {
        // 64-bit nanoseconds span the years 1677 to 2262.
        var year = 1970 + Int((Double(daysSince1970) / 365.2425).rounded(.down))
        while Self.daysSince1970(year, 1, 1) > daysSince1970 { year -= 1 }
        while Self.daysSince1970(year + 1, 1, 1) <= daysSince1970 { year += 1 }
        var rest = daysSince1970 - Self.daysSince1970(year, 1, 1)
        var month = 1
        while rest >= days(inMonth: month, of: year) {
            rest -= days(inMonth: month, of: year)
            month += 1
        }
        return (year, month, rest + 1)
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}

/// Takes digits and marks from the front of a text.
private struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    private var digit: Int? {
        guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else { return nil }
        return Int(bytes[position] - 0x30)
    }

    /// Exactly so many digits.
    mutating func number(_ count: Int) -> Int? {
        var value = 0
        for _ in 0..<count {
            guard let digit else { return nil }
            value = value * 10 + digit
            position += 1
        }
        return value
    }

    /// Nanoseconds of one to nine digits behind the point.
    mutating func fraction() -> Int? {
        var value = 0
        var count = 0
        while let digit {
            guard count < 9 else { return nil }
            value = value * 10 + digit
            count += 1
            position += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<9 { value *= 10 }
        return value
    }

    /// Minutes east of Greenwich.
    mutating func zone() -> Int? {
        if isAtEnd || take("Z") || take("z") { return 0 }
        let isEast = take("+")
        guard isEast || take("-"), let hours = number(2), hours < 24, take(":"), let minutes = number(2), minutes < 60
        else { return nil }
        return (isEast ? 1 : -1) * (hours * 60 + minutes)
    }
}
