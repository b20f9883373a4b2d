import TLS

/// A key that was just made. It is shown once; what is kept is its digest.
package struct KeyText: Sendable {
    /// `hms_` and 64 hexadecimal digits: 256 random bits, and a beginning by which scanners for leaked secrets know it.
    package let text: String

    package var digest: [UInt8] { sha256(Array(text.utf8)) }

    /// - Parameter generator: the system's is the kernel's own source of random numbers (getrandom).
    package init(using generator: inout some RandomNumberGenerator) {
        let words = (0..<4).map { _ in UInt64.random(in: 0 ... .max, using: &generator) }
        text =
            "hms_" + hexadecimal(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } })
    }

    package static func random() -> KeyText {
        var generator = SystemRandomNumberGenerator()
        return KeyText(using: &generator)
    }
}
