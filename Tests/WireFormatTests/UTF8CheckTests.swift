import Testing

@testable import WireFormat

@Suite struct UTF8CheckTests {
    @Test("Agrees with the standard library on every sequence of bytes around the borders, at every place of a word")
    func agreesWithStandardLibrary() {
        // Each byte is beside a border of the table of valid sequences.
        let borders: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
            0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        var sequences: [[UInt8]] = [[]]
        for length in 1...3 {
            sequences += sequences.filter { $0.count == length - 1 }.flatMap { head in borders.map { head + [$0] } }
        }
        for lead: UInt8 in [0xF0, 0xF1, 0xF4] {
            for second in borders { for third in borders { sequences.append([lead, second, third, 0x80]) } }
        }
        var wrong: [[UInt8]] = []
        for sequence in sequences {
            let expected = String(validating: sequence, as: UTF8.self) != nil
            for before in [0, 5, 8, 40] {
                for after in [0, 1, 9, 20] {
                    let bytes =
                        Array(repeating: 0x61, count: before) + sequence + Array(repeating: 0x62 as UInt8, count: after)
                    // Garbage around the string must not matter.
                    let padded = [0xFF] + bytes + [0xFF, 0xFF]
                    let inside = UTF8Check.isValid(padded.span, from: 1, to: 1 + bytes.count)
                    let alone = UTF8Check.isValid(bytes.span, from: 0, to: bytes.count)
                    if inside != expected || alone != expected { wrong.append(bytes) }
                }
            }
        }
        #expect(wrong.isEmpty)
        #expect(sequences.count > 10_000)
    }

    @Test("ASCII of eight bytes and more is told from anything with another byte in it, whatever is around it")
    func ascii() {
        for count in 0...40 {
            let text = [0xFF] + Array(repeating: 0x7F as UInt8, count: count) + [0xFF]
            let passes = UTF8Check.isASCII(text.span, from: 1, to: 1 + count)
            #expect(passes == (count >= 8), "\(count) bytes")
            for place in 1..<1 + count {
                var other = text
                other[place] = 0x80
                let isMissed = UTF8Check.isASCII(other.span, from: 1, to: 1 + count)
                #expect(!isMissed, "byte \(place) of \(count)")
            }
        }
    }
}
