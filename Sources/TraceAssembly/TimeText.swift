/// How durations and moments are written for people.
package enum TimeText {
    /// Three digits with a unit, at most nine characters: 842 ns, 1.24 ms, 12.4 s, 2 m 05 s, 3 h 07 m, 4 d 01 h, 365 d.
    package static func duration(_ nanoseconds: UInt64) -> String {
        if nanoseconds < 1_000 { return "\(nanoseconds) ns" }
        for (unit, name, below) in [
            (1_000, "µs", 1_000_000), (1_000_000, "ms", 1_000_000_000), (1_000_000_000, "s", 60_000_000_000),
        ] as [(UInt64, String, UInt64)] where nanoseconds < below {
            if let text = threeDigits(nanoseconds, unit: unit, below: below / unit) { return "\(text) \(name)" }
        }
        let seconds = nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 >= 500_000_000 ? 1 : 0)
        if seconds < 3_600 { return "\(seconds / 60) m \(padded(seconds % 60)) s" }
        if seconds < 86_400 { return "\(seconds / 3_600) h \(padded(seconds / 60 % 60)) m" }
        let days = seconds / 86_400
        return days < 100 ? "\(days) d \(padded(seconds / 3_600 % 24)) h" : "\(days) d"
    }

    /// Rounds half up; nil when rounding reaches the next unit.
    private static func threeDigits(_ value: UInt64, unit: UInt64, below: UInt64) -> String? {
        let whole = value / unit
        let places: UInt64 = whole < 10 ? 100 : whole < 100 ? 10 : 1
        let scaled = (value + unit / places / 2) / (unit / places)
        guard scaled / places < below else { return nil }
        let fraction = scaled % places
        guard fraction > 0 else { return "\(scaled / places)" }
        let digits = places == 100 ? padded(fraction) : "\(fraction)"
        return "\(scaled / places).\(digits.hasSuffix("0") ? String(digits.dropLast()) : digits)"
    }

    /// A share as a person says it; 0 of 0 is 0 %.
    package static func percent(_ part: UInt64, of whole: UInt64) -> String {
        guard whole > 0, part > 0 else { return "0 %" }
        let value = Double(part) / Double(whole) * 100
        return value < 1 ? "<1 %" : "\(Int(value.rounded())) %"
    }

    /// A rank as a percentile: p97 is slower than 97 % of the hour before. From p99.9 on with the decimal that tells it from
    /// the slowest of all.
    package static func rank(_ share: Double) -> String {
        let perMille = UInt64((min(1, max(0, share)) * 10_000).rounded()) / 10
        return perMille == 999 ? "p99.9" : "p\(perMille / 10)"
    }

    /// A moment to the millisecond, such as 2026-03-04 05:06:07.123 UTC.
    package static func moment(_ unixNanoseconds: UInt64) -> String {
        guard unixNanoseconds > 0 else { return "time not set" }
        let seconds = unixNanoseconds / 1_000_000_000
        let (year, month, day) = date(daysSince1970: seconds / 86_400)
        let clock = "\(padded(seconds / 3_600 % 24)):\(padded(seconds / 60 % 60)):\(padded(seconds % 60))"
        let thousandths = unixNanoseconds / 1_000_000 % 1_000
        return "\(year)-\(padded(month))-\(padded(day)) \(clock).\(padded(thousandths, 3)) UTC"
    }

    /// Counts years from 1 March, so that the leap day is the last of its year.
    private static func date(daysSince1970 days: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let sinceMarch0 = days + 719_468
        let era = sinceMarch0 / 146_097
        let dayOfEra = sinceMarch0 % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func padded(_ number: UInt64, _ digits: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
