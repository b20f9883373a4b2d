/// Makes the tokens of one segment. What an index holds and what a query asks for are made here, and so are the same.
///
/// A token is 64 bits of which the lowest is always zero: indexes keep a mark there.
package struct SpanToken: Sendable {
    let hash: TokenHash

    /// Members of maps have tokens up to this many bytes of their joined keys: a long key with many members would be joined as
    /// often. Queries for longer keys cannot ask for tokens.
    package static let longestJoinedKey = 1024

    package init(salt: UInt64) { hash = TokenHash(salt: salt) }

    @inline(__always)
    static func clean(_ hash: UInt64) -> UInt64 { hash & ~1 }

    // MARK: For queries

    /// An attribute of that key, wherever it stands.
    package func exists(_ key: String) -> UInt64 { exists(keyHash: hash(of: key)) }

    /// An attribute whose value, or an element of it, is written like this canonically.
    package func equals(_ key: String, canonicalText text: String) -> UInt64 {
        let keyHash = hash(of: key)
        switch CanonicalNumber(text) {
        case .integer(let value): return equals(keyHash: keyHash, integer: value)
        case .decimal(let value): return equals(keyHash: keyHash, decimal: value)
        case nil: return equals(keyHash: keyHash, textHash: hash(of: text))
        }
    }

    /// A number in the bucket.
    package func number(_ key: String, bucket: Int) -> UInt64 { number(keyHash: hash(of: key), bucket: bucket) }

    package func name(_ name: String) -> UInt64 { self.name(nameHash: hash(of: name)) }
    package func service(_ name: String) -> UInt64 { service(serviceHash: hash(of: name)) }
    package func name(utf8 name: UnsafeRawBufferPointer) -> UInt64 { self.name(nameHash: hash(name)) }
    package func service(utf8 name: UnsafeRawBufferPointer) -> UInt64 { service(serviceHash: hash(name)) }
    package func kind(_ kind: UInt8) -> UInt64 { one(UInt64(kind), .kind) }
    package func status(_ code: UInt8) -> UInt64 { one(UInt64(code), .status) }
    package func statusMessage(_ text: String) -> UInt64 { one(hash(of: text), .statusMessage) }
    package func duration(bucket: Int) -> UInt64 { one(UInt64(bucket), .duration) }
    package func eventName(_ name: String) -> UInt64 { one(hash(of: name), .eventName) }
    package var hasParent: UInt64 { one(1, .hasParent) }
    package func linkTrace(high: UInt64, low: UInt64) -> UInt64 {
        Self.clean(hash.join(high, low, .linkTrace))
    }
    package func linkSpan(_ id: UInt64) -> UInt64 { one(id, .linkSpan) }

    package func service(_ service: String, name: String) -> UInt64 {
        serviceAndName(hash(of: service), hash(of: name))
    }
    package func service(_ service: String, durationBucket: Int) -> UInt64 {
        serviceAndDuration(hash(of: service), durationBucket)
    }
    package func service(_ service: String, status: UInt8) -> UInt64 { serviceAndStatus(hash(of: service), status) }
    package func service(_ service: String, name: String, status: UInt8) -> UInt64 {
        serviceNameAndStatus(hash(of: service), hash(of: name), status)
    }
    package func status(_ status: UInt8, durationBucket: Int) -> UInt64 { statusAndDuration(status, durationBucket) }
    package func name(_ name: String, durationBucket: Int) -> UInt64 {
        nameAndDuration(hash(of: name), durationBucket)
    }

    // MARK: From hashes, for the walk over spans

    func hash(of text: String) -> UInt64 {
        var copy = text
        return copy.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    func exists(keyHash: UInt64) -> UInt64 { one(keyHash, .exists) }
    @inline(__always)
    func equals(keyHash: UInt64, textHash: UInt64) -> UInt64 { Self.clean(hash.join(keyHash, textHash, .equals)) }
    @inline(__always)
    func equals(keyHash: UInt64, integer: Int64) -> UInt64 {
        Self.clean(hash.join(keyHash, UInt64(bitPattern: integer), .integer))
    }
    @inline(__always)
    func equals(keyHash: UInt64, decimal: Double) -> UInt64 {
        Self.clean(hash.join(keyHash, decimal.bitPattern, .decimal))
    }
    @inline(__always)
    func number(keyHash: UInt64, bucket: Int) -> UInt64 {
        Self.clean(hash.join(keyHash, UInt64(bitPattern: Int64(bucket)), .number))
    }
    @inline(__always)
    func name(nameHash: UInt64) -> UInt64 { one(nameHash, .name) }
    @inline(__always)
    func service(serviceHash: UInt64) -> UInt64 { one(serviceHash, .service) }
    @inline(__always)
    func statusMessage(textHash: UInt64) -> UInt64 { one(textHash, .statusMessage) }
    @inline(__always)
    func eventName(textHash: UInt64) -> UInt64 { one(textHash, .eventName) }
    @inline(__always)
    func serviceAndName(_ service: UInt64, _ name: UInt64) -> UInt64 {
        Self.clean(hash.join(service, name, .serviceAndName))
    }
    @inline(__always)
    func serviceAndDuration(_ service: UInt64, _ bucket: Int) -> UInt64 {
        Self.clean(hash.join(service, UInt64(bucket), .serviceAndDuration))
    }
    @inline(__always)
    func serviceAndStatus(_ service: UInt64, _ status: UInt8) -> UInt64 {
        Self.clean(hash.join(service, UInt64(status), .serviceAndStatus))
    }
    @inline(__always)
    func serviceNameAndStatus(_ service: UInt64, _ name: UInt64, _ status: UInt8) -> UInt64 {
        Self.clean(hash.join(hash.join(service, name, .serviceAndName), UInt64(status), .serviceNameAndStatus))
    }
    @inline(__always)
    func statusAndDuration(_ status: UInt8, _ bucket: Int) -> UInt64 {
        one(UInt64(status) << 32 | UInt64(bucket), .statusAndDuration)
    }
    @inline(__always)
    func nameAndDuration(_ name: UInt64, _ bucket: Int) -> UInt64 {
        Self.clean(hash.join(name, UInt64(bucket), .nameAndDuration))
    }

    /// No token: tells spans apart that have other tokens.
    @inline(__always)
    func operation(_ service: UInt64, _ name: UInt64, _ kind: UInt8, _ status: UInt8, hasParent: Bool) -> UInt64 {
        let rest = UInt64(kind) << 16 | UInt64(status) << 8 | (hasParent ? 1 : 0)
        return hash.join(service ^ rest &* 0x9E37_79B9_7F4A_7C15, name, .operation)
    }

    @inline(__always)
    private func one(_ value: UInt64, _ purpose: TokenPurpose) -> UInt64 {
        Self.clean(hash.join(value, 0x2545_F491_4F6C_DD1D, purpose))
    }
}
