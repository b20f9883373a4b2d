/// How the text of a setting becomes a value and back. `expected` completes the sentence "expected …".
package struct SettingType<Value: Sendable>: Sendable {
    package let expected: String
    package let parse: @Sendable (String) -> Value?
    package let format: @Sendable (Value) -> String

    package init(
        expected: String, parse: @escaping @Sendable (String) -> Value?, format: @escaping @Sendable (Value) -> String
    ) {
        self.expected = expected
        self.parse = parse
        self.format = format
    }

    /// The same type where `word` stands for no value. Written out, as the type changes on the way:
    /// `SettingType.listenAddress.orNone(writtenAs: "off")`.
    package func orNone(writtenAs word: String) -> SettingType<Value?> {
        SettingType<Value?>(
            expected: "\(expected), or '\(word)'",
            parse: { text in text == word ? .some(nil) : parse(text).map { .some($0) } },
            format: { value in value.map(format) ?? word })
    }

    /// Several values with commas between; an empty text is an empty list where `range` allows it.
    package func list(count range: ClosedRange<Int>) -> SettingType<[Value]> {
        SettingType<[Value]>(
            expected: "\(range.lowerBound) to \(range.upperBound) values separated by commas, each \(expected)",
            parse: { text in
                let parts = text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false)
                guard range.contains(parts.count) else { return nil }
                var values: [Value] = []
                for part in parts {
                    guard let value = parse(String(trimmingBlanks(part[...]))) else { return nil }
                    values.append(value)
                }
                return values
            },
            format: { values in values.map(format).joined(separator: ", ") })
    }
}

extension SettingType where Value == Int {
    package static func integer(in range: ClosedRange<Int>) -> Self {
        Self(
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            parse: { text in wholeNumber(text).flatMap { range.contains($0) ? $0 : nil } },
            format: { String($0) })
    }

    /// Bytes, written `64KiB`, `4MiB` or as a plain number.
    package static func size(in range: ClosedRange<Int>) -> Self {
        Self(
            expected: "a size such as 65536, 64KiB or 4MiB, from \(ByteSize.format(range.lowerBound)) "
                + "to \(ByteSize.format(range.upperBound))",
            parse: { text in ByteSize.parse(text).flatMap { range.contains($0) ? $0 : nil } },
            format: ByteSize.format)
    }
}

extension SettingType where Value == Duration {
    /// Written `200ms`, `1s`, `10m`, `1h` or `7d`.
    package static func duration(in range: ClosedRange<Duration>) -> Self {
        Self(
            expected: "a time such as 200ms, 1s, 10m, 1h or 7d, from \(DurationText.format(range.lowerBound)) "
                + "to \(DurationText.format(range.upperBound))",
            parse: { text in DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil } },
            format: DurationText.format)
    }
}

extension SettingType where Value == Bool {
    package static var boolean: Self {
        Self(
            expected: "'true' or 'false'",
            parse: { text in
                switch text.lowercased() {
                case "true", "yes", "on": true
                case "false", "no", "off": false
                default: nil
                }
            },
            format: { $0 ? "true" : "false" })
    }
}

extension SettingType where Value == String {
    /// Any text of this many UTF-8 bytes.
    package static func text(length range: ClosedRange<Int> = 1...1_024) -> Self {
        Self(
            expected: "text of \(range.lowerBound) to \(range.upperBound) bytes",
            parse: { range.contains($0.utf8.count) ? $0 : nil }, format: { $0 })
    }

    /// A file or directory. Whether it exists is for the program to find out.
    package static var path: Self {
        Self(
            expected: "a path of 1 to 4095 bytes", parse: { (1...4_095).contains($0.utf8.count) ? $0 : nil },
            format: { $0 })
    }
}

extension SettingType where Value: CaseIterable & RawRepresentable<String> {
    /// One word of an enumeration.
    package static var word: Self {
        Self(
            expected: "one of " + Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", "),
            parse: { Value(rawValue: $0) }, format: { $0.rawValue })
    }
}

extension SettingType where Value == NetworkAddress {
    /// Where to listen: numeric, so that no name service decides what is exposed.
    package static var listenAddress: Self {
        Self(
            expected: "an address such as 127.0.0.1:4317, [::1]:4317 or unix:/path",
            parse: { NetworkAddress($0).flatMap { $0.isNumeric ? $0 : nil } }, format: { $0.description })
    }

    /// Where to connect to: names are allowed, port 0 is not.
    package static var peerAddress: Self {
        Self(
            expected: "an address such as collector.example:14317, 127.0.0.1:14317, [::1]:14317 or unix:/path",
            parse: { NetworkAddress($0).flatMap { $0.port == 0 ? nil : $0 } }, format: { $0.description })
    }
}

func trimmingBlanks(_ text: Substring) -> Substring {
    var rest = text
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return rest
}

/// Decimal digits, optionally after a minus sign; nil for anything else and for what does not fit.
func wholeNumber(_ text: some StringProtocol) -> Int? {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
        return nil
    }
    return Int(text)
}
