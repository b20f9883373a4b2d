import OTLP

/// Whether a value is written like another one, without writing it anew each time.
struct EqualityTest {
    let text: String
    /// The number that is written like `text`, of each kind that there can be one.
    private let integer: Int64?
    private let unsigned: UInt64?
    private let double: Double?
    private let bool: Bool?

    init(_ value: QueryValue) {
        let text = canonicalText(value)
        self.text = text
        integer = Int64(text).flatMap { String($0) == text ? $0 : nil }
        unsigned = UInt64(text).flatMap { String($0) == text ? $0 : nil }
        let read: Double? =
            switch text {
            case "NaN": .nan
            case "Infinity": .infinity
            case "-Infinity": -.infinity
            default: text.utf8.count <= 32 ? Double(text) : nil
            }
        double = read.flatMap { canonicalText($0) == text ? $0 : nil }
        bool = text == "true" ? true : text == "false" ? false : nil
    }

    func holds(_ value: AttributeValue) -> Bool {
        switch value {
        case .string(let other): other.utf8.count == text.utf8.count && other.utf8.elementsEqual(text.utf8)
        case .int(let number): number == integer
        case .double(let number): number == double || (number.isNaN && double?.isNaN == true)
        case .bool(let flag): flag == bool
        case .bytes(let bytes):
            text.utf8.count == (bytes.count + 2) / 3 * 4 && Base64.encode(bytes.span) == text
        case .empty, .array, .map: false
        }
    }

    /// The only number without a sign that is written like it.
    var number: UInt64? { unsigned }

    func holds(_ number: UInt64) -> Bool { number == unsigned }

    /// Nil if it depends on which of the numbers it is.
    func holds(_ numbers: ClosedRange<UInt64>) -> Bool? {
        guard let unsigned, numbers.contains(unsigned) else { return false }
        return numbers.lowerBound == numbers.upperBound ? true : nil
    }
}
