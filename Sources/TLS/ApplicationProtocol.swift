/// The protocols of ALPN (RFC 7301), in the form it sends: a length byte before each name.
enum ApplicationProtocol {
    /// Best first.
    static let served: [String] = ["h2", "http/1.1"]

    static func encode(_ names: [String]) -> [UInt8] {
        names.flatMap { name in
            precondition((1...255).contains(name.utf8.count), "an ALPN name has 1 to 255 bytes")
            return [UInt8(name.utf8.count)] + Array(name.utf8)
        }
    }

    /// Where in `offer` the name stands that we like best; nil when we serve none of it.
    static func select(from offer: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        for name in served {
            var position = 0
            while position < offer.count {
                let start = position + 1
                let end = start + Int(offer[position])
                guard end <= offer.count else { return nil }
                if offer[start..<end].elementsEqual(name.utf8) { return start..<end }
                position = end
            }
        }
        return nil
    }
}
