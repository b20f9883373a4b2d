import COpenSSL

/// The SHA-256 digest of `bytes`, 32 bytes.
package func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    let result = SHA256(bytes, bytes.count, &digest)
    precondition(result != nil, "OpenSSL has no SHA-256")
    return digest
}

/// Whether the two are equal, in a time that tells nothing about where they differ.
package func isEqualInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
