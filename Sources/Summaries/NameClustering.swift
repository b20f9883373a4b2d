/// One run over a span's name, for `OperationName`.
struct NameClustering {
    private let name: [UInt8]
    private var output: [UInt8] = []

    init(_ name: Span<UInt8>) {
        self.name = name.withUnsafeBufferPointer { Array($0) }
    }

    mutating func run() -> [UInt8] {
        output.reserveCapacity(name.count)
        var position = 0
        while position < name.count, output.count <= OperationName.maximumLength {
            if name[position].isBlank {
                output.append(name[position])
                position += 1
                continue
            }
            var end = position
            while end < name.count, !name[end].isBlank { end += 1 }
            word(position..<end)
            position = end
        }
        cut()
        return output
    }

    /// A word with a slash is a path or URL: its query goes, and whole numbers of any length in it are ids.
    private mutating func word(_ range: Range<Int>) {
        var end = range.upperBound
        let slash = name[range].firstIndex(of: UInt8(ascii: "/"))
        if let slash, let query = name[slash..<end].firstIndex(of: UInt8(ascii: "?")) { end = query }
        var position = range.lowerBound
        while position < end {
            guard name[position].isInToken else {
                output.append(name[position])
                position += 1
                continue
            }
            var tokenEnd = position
            while tokenEnd < end, name[tokenEnd].isInToken { tokenEnd += 1 }
            token(position..<tokenEnd, digitsOfID: slash != nil ? 1 : 4)
            position = tokenEnd
        }
    }

    private mutating func token(_ range: Range<Int>, digitsOfID: Int) {
        let token = name[range]
        if token.allSatisfy(\.isDigit) {
            return token.count >= digitsOfID ? replace() : keep(token)
        }
        if token.isMail || token.isAddress { return replace() }
        var position = range.lowerBound
        while position < range.upperBound {
            if name[position].isSeparator {
                output.append(name[position])
                position += 1
                continue
            }
            let rest = name[position..<range.upperBound]
            if let length = rest.lengthOfUUID ?? rest.lengthOfDate {
                replace()
                position += length
                continue
            }
            var end = position
            while end < range.upperBound, !name[end].isSeparator { end += 1 }
            part(name[position..<end])
            position = end
        }
    }

    /// Letters and digits between separators.
    private mutating func part(_ part: ArraySlice<UInt8>) {
        let digits = part.count { $0.isDigit }
        if digits == 0 || part.isVersion { return keep(part) }
        if digits == part.count { return digits >= 3 ? replace() : keep(part) }
        if part.isHexadecimal || part.looksRandom { return replace() }
        // Long runs of digits behind or between letters: `job8812`.
        var position = part.startIndex
        while position < part.endIndex {
            var end = position
            while end < part.endIndex, part[end].isDigit == part[position].isDigit { end += 1 }
            if part[position].isDigit, end - position >= 4 { replace() } else { keep(part[position..<end]) }
            position = end
        }
    }

    private mutating func replace() { output.append(contentsOf: OperationName.placeholder) }
    private mutating func keep(_ bytes: ArraySlice<UInt8>) { output.append(contentsOf: bytes) }

    /// At the end of a character, so that the text stays text.
    private mutating func cut() {
        guard output.count > OperationName.maximumLength else { return }
        var length = OperationName.maximumLength
        while length > 0, output[length] & 0xC0 == 0x80 { length -= 1 }
        output.removeSubrange(length...)
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
    fileprivate var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    fileprivate var isUpper: Bool { self >= 0x41 && self <= 0x5A }
    fileprivate var isLower: Bool { self >= 0x61 && self <= 0x7A }
    fileprivate var isHexDigit: Bool { isDigit || (self | 0x20 >= 0x61 && self | 0x20 <= 0x66) }
    fileprivate var isLetterOrDigit: Bool { isDigit || isUpper || isLower }
    /// Characters beyond ASCII are in no id.
    fileprivate var isSeparator: Bool { !isLetterOrDigit }
    fileprivate var isInToken: Bool {
        switch self {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "@"),
            UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "%"), UInt8(ascii: "~"), UInt8(ascii: "#"):
            true
        default: isLetterOrDigit || self >= 0x80
        }
    }
}

extension ArraySlice<UInt8> {
    /// `someone@example.org`
    fileprivate var isMail: Bool {
        guard let at = firstIndex(of: UInt8(ascii: "@")), at > startIndex else { return false }
        let domain = self[(at + 1)...]
        guard let dot = domain.lastIndex(of: UInt8(ascii: ".")) else { return false }
        return dot > at + 1 && dot < endIndex - 1 && !domain.contains(UInt8(ascii: "@"))
    }

    /// `10.0.0.7` or `10.0.0.7:8080`
    fileprivate var isAddress: Bool {
        var numbers = 0
        var digits = 0
        var isPort = false
        for byte in self {
            if byte.isDigit {
                digits += 1
                if digits == 1 { numbers += 1 }
                if digits > (isPort ? 5 : 3) { return false }
                continue
            }
            guard digits > 0, !isPort else { return false }
            digits = 0
            if byte == UInt8(ascii: "."), numbers < 4 { continue }
            guard byte == UInt8(ascii: ":"), numbers == 4 else { return false }
            isPort = true
        }
        return digits > 0 && numbers == (isPort ? 5 : 4)
    }

    /// Of a UUID at the start, if nothing but a separator follows.
    fileprivate var lengthOfUUID: Int? {
        let length = 36
        guard count >= length, count == length || self[startIndex + length].isSeparator else { return nil }
        for offset in 0..<length {
            let byte = self[startIndex + offset]
            switch offset {
            case 8, 13, 18, 23: if byte != UInt8(ascii: "-") { return nil }
            default: if !byte.isHexDigit { return nil }
            }
        }
        return length
    }

    /// Of a date at the start, `2026-11-27`, with the time behind it: `T17:54:57.5Z`.
    fileprivate var lengthOfDate: Int? {
        guard count >= 10 else { return nil }
        for offset in 0..<10 {
            let byte = self[startIndex + offset]
            switch offset {
            case 4, 7: if byte != UInt8(ascii: "-") { return nil }
            default: if !byte.isDigit { return nil }
            }
        }
        guard count > 10 else { return 10 }
        var end = startIndex + 10
        if self[end] == UInt8(ascii: "T"), end + 1 < endIndex, self[end + 1].isDigit {
            end += 1
            while end < endIndex, self[end].isTimePart { end += 1 }
            return end - startIndex
        }
        return self[end].isSeparator ? 10 : nil
    }

    /// `v1`, `v2beta1`
    fileprivate var isVersion: Bool {
        guard count >= 2, count <= 9, self[startIndex] | 0x20 == UInt8(ascii: "v") else { return false }
        return self[startIndex + 1].isDigit
    }

    /// Eight and more hexadecimal digits, or four and more behind `0x`. The caller has seen a decimal one among them.
    fileprivate var isHexadecimal: Bool {
        let isPrefixed = count >= 6 && self[startIndex] == UInt8(ascii: "0") && self[startIndex + 1] | 0x20 == 0x78
        if isPrefixed { return dropFirst(2).allSatisfy(\.isHexDigit) }
        return count >= 8 && allSatisfy(\.isHexDigit)
    }

    /// Whether large and small letters and digits change places as in base64 or a ULID: words in camel case change about
    /// once in three characters, random ones twice in three.
    fileprivate var looksRandom: Bool {
        guard count >= 16 else { return false }
        var (changes, digitChanges) = (0, 0)
        for index in indices.dropFirst() {
            let (before, byte) = (self[index - 1], self[index])
            if before.isDigit != byte.isDigit { digitChanges += 1 }
            if before.isDigit != byte.isDigit || before.isUpper != byte.isUpper { changes += 1 }
        }
        return digitChanges >= 5 || changes * 2 > count - 1
    }
}

extension UInt8 {
    fileprivate var isTimePart: Bool {
        isDigit || self == UInt8(ascii: ":") || self == UInt8(ascii: ".") || self == UInt8(ascii: "Z")
            || self == UInt8(ascii: "+")
    }
}
