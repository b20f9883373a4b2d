/// What stands where a secret was.
struct Replacement: Sendable {
    private static let mask: StaticString = "REDACTED"
    private static let hashDigits = 16

    let mode: RedactionMode
    private let key: (UInt64, UInt64)

    init(mode: RedactionMode, salt: RedactionSalt) {
        self.mode = mode
        key = (salt.low, salt.high)
    }

    /// `REDACTED`, or in mode `hash` `REDACTED-` and 16 hexadecimal digits that are the same for equal secrets.
    func append(for secret: Span<UInt8>, to output: inout [UInt8]) {
        Self.mask.withUTF8Buffer { output.append(contentsOf: $0) }
        guard mode == .hash else { return }
        output.append(UInt8(ascii: "-"))
        var rest = SipHash.hash(secret, key: key)
        for _ in 0..<Self.hashDigits {
            let digit = UInt8(rest >> 60)
            output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            rest <<= 4
        }
    }

    /// Whether the bytes are what `append` writes, so that telemetry which passed another sidecar stays as it is.
    static func isOne(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let length = mask.utf8CodeUnitCount
        guard range.count == length || range.count == length + 1 + hashDigits else { return false }
        let begins = mask.withUTF8Buffer { mask in
            mask.indices.allSatisfy { text[range.lowerBound + $0] == mask[$0] }
        }
        guard begins else { return false }
        guard range.count > length else { return true }
        guard text[range.lowerBound + length] == UInt8(ascii: "-") else { return false }
        return range.suffix(hashDigits).allSatisfy { index in
            ASCII.isDigit(text[index]) || (ASCII.isLower(text[index]) && text[index] <= UInt8(ascii: "f"))
        }
    }
}

/// What becomes of a secret.
package enum RedactionMode: String, CaseIterable, Sendable {
    /// The attribute goes; where there is no attribute to leave out, as in a span's name, the secret is masked.
    case drop
    case mask
    /// Masked, with a keyed hash behind it: equal secrets can be seen to be equal.
    case hash
}

/// The key of the hashes. Without it nobody can try out what a hash stands for.
package struct RedactionSalt: Sendable, Equatable {
    let low: UInt64
    let high: UInt64

    /// Drawn for each process, so that equal secrets look equal across a reload of the rules.
    package static let ofProcess = RedactionSalt(low: .random(in: .min ... .max), high: .random(in: .min ... .max))

    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Of a configured text, so that several sidecars write the same hash for the same secret.
    package init(text: String) {
        let bytes = Array(text.utf8)
        low = SipHash.hash(bytes.span, key: (0, 0))
        high = SipHash.hash(bytes.span, key: (low, 1))
    }
}
