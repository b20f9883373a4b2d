/// Finds the end of one JSON object or array that is read piece by piece: counts brackets outside strings. What is between
/// them is somebody else's to judge.
struct JSONValueScan {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private(set) var position = 0
    /// Line feeds passed.
    private(set) var lines = 0

    /// Goes on where the last call ended; true when the value ends before `position`.
    mutating func advance(over bytes: Span<UInt8>) -> Bool {
        var index = position
        defer { position = index }
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\n") { lines += 1 }
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth <= 0 { return true }
            default: break
            }
        }
        return false
    }
}
