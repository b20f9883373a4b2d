/// Reads a text exposition line by line. Comments are passed over, a line that cannot be read is counted, exemplars are ignored, and
/// nothing after `# EOF` is read. No recursion, no look-behind; memory grows with what is kept.
package struct ExpositionParser {
    static let mostNameBytes = 512
    static let mostLabels = 64
    static let mostLabelBytes = 4096
    static let mostHelpBytes = 1024

    private struct Malformed: Error { let reason: String }

    private let isOpenMetrics: Bool
    private let maxSamples: Int
    private var result = Exposition()
    private var places: [String: Int] = [:]
    private var metadataCount = 0

    private init(isOpenMetrics: Bool, maxSamples: Int) {
        self.isOpenMetrics = isOpenMetrics
        self.maxSamples = maxSamples
    }

    /// - Parameter isOpenMetrics: as the answer's content type says; its timestamps are seconds, the older format's milliseconds.
    package static func parse(
        _ text: [UInt8], isOpenMetrics: Bool, maxSamples: Int = 10_000
    ) throws(Exposition.Limit) -> Exposition {
        var parser = ExpositionParser(isOpenMetrics: isOpenMetrics, maxSamples: maxSamples)
        try parser.readAll(text)
        return parser.result
    }

    private mutating func readAll(_ text: [UInt8]) throws(Exposition.Limit) {
        var start = 0
        var number = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            number += 1
            var line = Cursor(text: text, position: start, end: end)
            if line.end > line.position, text[line.end - 1] == UInt8(ascii: "\r") { line.end -= 1 }
            start = end + 1
            line.skipBlanks()
            guard let first = line.peek else { continue }
            do throws(Malformed) {
                if first == UInt8(ascii: "#") {
                    if try !readComment(&line) { return }
                } else {
                    let sample = try readSample(&line)
                    guard result.sampleCount < maxSamples else { throw Malformed(reason: Self.full) }
                    add(sample)
                }
            } catch {
                if error.reason == Self.full { throw .samples(maxSamples) }
                result.faultCount += 1
                if result.firstFault == nil { result.firstFault = Exposition.Fault(line: number, reason: error.reason) }
            }
        }
    }

    private static let full = "too many samples"

    // MARK: comments

    /// False at the end mark of OpenMetrics. Comments that are no metadata are nothing.
    private mutating func readComment(_ line: inout Cursor) throws(Malformed) -> Bool {
        line.position += 1
        line.skipBlanks()
        let keyword = line.takeWord()
        if keyword == "EOF", isOpenMetrics { return false }
        guard ["HELP", "TYPE", "UNIT"].contains(keyword) else { return true }
        line.skipBlanks()
        let name = try line.peek == UInt8(ascii: "\"") ? Self.readQuoted(&line) : line.takeWord()
        line.skipBlanks()
        guard !name.isEmpty, name.utf8.count <= Self.mostNameBytes else { return true }
        switch keyword {
        case "HELP":
            // Cut where it is too long, so perhaps in the middle of a character, which decoding mends.
            let help = Self.unescapedBytes(line.rest.prefix(Self.mostHelpBytes))
            if let place = metadataPlace(of: name) {
                result.families[place].help = String(decoding: help, as: UTF8.self)
            }
        case "UNIT": if let place = metadataPlace(of: name) { result.families[place].unit = line.takeWord() }
        default:
            let word = line.takeWord()
            let kind = Exposition.Kind(rawValue: word == "unknown" ? "untyped" : word)
            guard let kind else { throw Malformed(reason: "unknown type") }
            guard let place = metadataPlace(of: name) else { return true }
            guard result.families[place].samples.isEmpty else { throw Malformed(reason: "TYPE after samples") }
            result.families[place].kind = kind
        }
        return true
    }

    /// Nil when there is more metadata than there may be samples.
    private mutating func metadataPlace(of family: String) -> Int? {
        if let place = places[family] { return place }
        metadataCount += 1
        return metadataCount <= maxSamples ? place(of: family) : nil
    }

    private mutating func place(of family: String) -> Int {
        if let place = places[family] { return place }
        result.families.append(Exposition.Family(name: family, kind: .untyped, help: "", unit: "", samples: []))
        places[family] = result.families.count - 1
        return result.families.count - 1
    }

    private mutating func add(_ sample: Exposition.Sample) {
        result.sampleCount += 1
        result.families[familyPlace(of: sample.name)].samples.append(sample)
    }

    private static let suffixes: [(String, [Exposition.Kind])] = [
        ("_bucket", [.histogram, .gaugehistogram]), ("_sum", [.histogram, .summary]),
        ("_count", [.histogram, .summary]),
        ("_total", [.counter]), ("_created", [.counter, .histogram, .summary]), ("_info", [.info]),
        ("_gsum", [.gaugehistogram]), ("_gcount", [.gaugehistogram]),
    ]

    private mutating func familyPlace(of name: String) -> Int {
        if let place = places[name], result.families[place].kind != .untyped { return place }
        for (suffix, kinds) in Self.suffixes where name.hasSuffix(suffix) {
            let base = String(name.dropLast(suffix.count))
            // The older format names the family of a counter with its suffix, so its `_created` belongs to `…_total`.
            for candidate in suffix == "_created" ? [base, base + "_total"] : [base] {
                if let place = places[candidate], kinds.contains(result.families[place].kind) { return place }
            }
        }
        return place(of: name)
    }

    // MARK: samples

    /// `name{label="value",…} value [timestamp] [# exemplar]`, or with a quoted name inside the braces.
    private func readSample(_ line: inout Cursor) throws(Malformed) -> Exposition.Sample {
        var name = ""
        if let first = line.peek, first != UInt8(ascii: "{") {
            name = line.take { Self.isNameByte($0) }
            guard !name.isEmpty, !(48...57).contains(first) else { throw Malformed(reason: "no metric name") }
        }
        line.skipBlanks()
        var labels: [Label] = []
        if line.peek == UInt8(ascii: "{") {
            line.position += 1
            labels = try readLabels(&line, &name)
            line.skipBlanks()
        }
        guard !name.isEmpty else { throw Malformed(reason: "no metric name") }
        guard name.utf8.count <= Self.mostNameBytes else { throw Malformed(reason: "name too long") }
        guard let value = Self.number(line.takeWord()) else { throw Malformed(reason: "no value") }
        line.skipBlanks()
        var time: UInt64?
        if let next = line.peek, next != UInt8(ascii: "#") {
            time = try readTime(line.takeWord())
            line.skipBlanks()
        }
        guard line.peek == nil || line.peek == UInt8(ascii: "#") else {
            throw Malformed(reason: "something follows the sample")
        }
        return Exposition.Sample(name: name, labels: labels, value: value, time: time)
    }

    private func readLabels(_ line: inout Cursor, _ name: inout String) throws(Malformed) -> [Label] {
        var labels: [Label] = []
        while true {
            line.skipBlanks()
            guard let first = line.peek else { throw Malformed(reason: "labels do not end") }
            if first == UInt8(ascii: "}") {
                line.position += 1
                return labels
            }
            let isQuoted = first == UInt8(ascii: "\"")
            let key = try isQuoted ? Self.readQuoted(&line) : line.take { Self.isNameByte($0) }
            guard !key.isEmpty else { throw Malformed(reason: "no label name") }
            line.skipBlanks()
            if line.peek == UInt8(ascii: "=") {
                line.position += 1
                line.skipBlanks()
                guard line.peek == UInt8(ascii: "\"") else { throw Malformed(reason: "label value without quotes") }
                let label = Label(key, try Self.readQuoted(&line))
                guard !labels.contains(where: { $0.name == key }) else { throw Malformed(reason: "label twice") }
                guard labels.count < Self.mostLabels else { throw Malformed(reason: "too many labels") }
                labels.append(label)
            } else if isQuoted, name.isEmpty, labels.isEmpty {
                name = key
            } else {
                throw Malformed(reason: "label without value")
            }
            line.skipBlanks()
            if line.peek == UInt8(ascii: ",") {
                line.position += 1
            } else if line.peek != UInt8(ascii: "}") {
                throw Malformed(reason: "no comma between labels")
            }
        }
    }

    private func readTime(_ word: String) throws(Malformed) -> UInt64 {
        guard let value = Double(word), value.isFinite else { throw Malformed(reason: "bad timestamp") }
        let nanoseconds = value * (isOpenMetrics ? 1e9 : 1e6)
        guard nanoseconds >= 0, nanoseconds < 1.8e19 else { throw Malformed(reason: "bad timestamp") }
        return UInt64(nanoseconds)
    }

    /// As Go writes and reads them: decimal, hexadecimal, `NaN`, `+Inf`, `-Inf` in any case.
    private static func number(_ word: String) -> Double? {
        guard !word.isEmpty, word.utf8.count <= 400 else { return nil }
        return Double(word)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "."): true
        default: byte >= 0x80  // Also names of newer targets, which are any UTF-8; checked when they become text.
        }
    }

    private static func readQuoted(_ line: inout Cursor) throws(Malformed) -> String {
        line.position += 1
        let start = line.position
        while let byte = line.peek {
            if byte == UInt8(ascii: "\"") {
                let content = line.text[start..<line.position]
                line.position += 1
                guard content.count <= mostLabelBytes else { throw Malformed(reason: "label too long") }
                return try unescaped(content)
            }
            line.position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        throw Malformed(reason: "quotes do not end")
    }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> String {
        try text(bytes.contains(UInt8(ascii: "\\")) ? unescapedBytes(bytes)[...] : bytes)
    }

    private static func unescapedBytes(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                switch byte {
                case UInt8(ascii: "n"): plain.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "\\"), UInt8(ascii: "\""): plain.append(byte)
                default: plain += [UInt8(ascii: "\\"), byte]
                }
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                plain.append(byte)
            }
        }
        return plain
    }

    private static func text(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed(reason: "not UTF-8") }
        return text
    }

    /// A place in a line.
    private struct Cursor {
        let text: [UInt8]
        var position: Int
        var end: Int

        var peek: UInt8? { position < end ? text[position] : nil }
        var rest: ArraySlice<UInt8> { text[min(position, end)..<end] }

        mutating func skipBlanks() {
            while let byte = peek, byte == 0x20 || byte == 0x09 { position += 1 }
        }

        mutating func take(while isPart: (UInt8) -> Bool) -> String {
            let start = min(position, end)
            while let byte = peek, isPart(byte) { position += 1 }
            return String(decoding: text[start..<max(start, min(position, end))], as: UTF8.self)
        }

        mutating func takeWord() -> String {
            skipBlanks()
            return take { $0 != 0x20 && $0 != 0x09 }
        }
    }
}
