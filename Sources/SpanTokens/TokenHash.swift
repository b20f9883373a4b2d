/// Hashes bytes to 64 bits with a salt that senders do not know, so that nobody can choose values that meet in one token.
package struct TokenHash: Sendable {
    private let first: UInt64
    private let second: UInt64

    package init(salt: UInt64) {
        first = Self.mix(salt ^ 0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB) | 1
        second = Self.mix(salt ^ 0x8EBC_6AF0_9C88_C6E3, 0x5899_65CC_7537_4CC3) | 1
    }

    /// Folds the 128-bit product of two words.
    @inline(__always)
    static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// Joins two hashes under a purpose; the order matters.
    @inline(__always)
    func join(_ left: UInt64, _ right: UInt64, _ purpose: TokenPurpose) -> UInt64 {
        Self.mix(left ^ first, right ^ second ^ UInt64(purpose.rawValue) &* 0x9E37_79B9_7F4A_7C15)
    }

    @inline(__always)
    package func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let count = bytes.count
        // An empty buffer may have no address.
        guard count > 0, let base = bytes.baseAddress else { return Self.mix(first, second) }
        return self(base, count)
    }

    /// `count` is at least 1. All loads lie within the bytes: each is guarded by the count.
    @inline(__always)
    func callAsFunction(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
        var left: UInt64
        var right: UInt64
        var state = first
        if count <= 16 {
            if count >= 8 {
                left = load64(base, 0)
                right = load64(base, count &- 8)
            } else if count >= 4 {
                left = load32(base, 0)
                right = load32(base, count &- 4)
            } else {
                left =
                    UInt64(base.load(as: UInt8.self)) << 16
                    | UInt64(base.load(fromByteOffset: count &>> 1, as: UInt8.self)) << 8
                    | UInt64(base.load(fromByteOffset: count &- 1, as: UInt8.self))
                right = 0
            }
        } else {
            var offset = 0
            while count &- offset > 16 {
                state = Self.mix(load64(base, offset) ^ second, load64(base, offset &+ 8) ^ state)
                offset &+= 16
            }
            left = load64(base, count &- 16)
            right = load64(base, count &- 8)
        }
        return Self.mix(second ^ UInt64(truncatingIfNeeded: count), Self.mix(left ^ second, right ^ state))
    }

    @inline(__always)
    private func load64(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private func load32(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
}

/// What a token says. Part of every token, so that none means two things.
enum TokenPurpose: UInt8 {
    case exists = 1
    case equals
    case number
    case integer
    case decimal
    case name
    case service
    case kind
    case status
    case statusMessage
    case duration
    case serviceAndName
    case serviceAndDuration
    case serviceAndStatus
    case serviceNameAndStatus
    case statusAndDuration
    case eventName
    case linkTrace
    case linkSpan
    case hasParent
    case path
    case nameAndDuration
    /// In no token.
    case operation
}
