/// The texts of a summary. Compared as bytes: `String` holds texts equal that are not.
struct TextList: Sendable {
    private(set) var texts: [[UInt8]] = []
    private var numbers: [[UInt8]: UInt32] = [:]

    subscript(number: UInt32) -> [UInt8] { texts[Int(number)] }

    mutating func intern(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let text = Array(bytes)
        if let known = numbers[text] { return known }
        texts.append(text)
        let number = UInt32(texts.count - 1)
        numbers[text] = number
        return number
    }

    func number(of text: [UInt8]) -> UInt32? { numbers[text] }

    func string(_ number: UInt32) -> String { String(decoding: texts[Int(number)], as: UTF8.self) }
}
