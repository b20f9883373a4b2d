/// Which symbol the names seen lately have. A name with another's place takes it over; long names are not kept.
struct ClusterCache: Sendable {
    private static let places = 4096
    private static let maximumLength = 128

    private var hashes: [UInt64] = []
    private var symbols: [UInt32] = []
    private var names: [[UInt8]] = []

    func symbol(of name: Span<UInt8>, hash: UInt64) -> UInt32? {
        guard !hashes.isEmpty else { return nil }
        let place = Int(truncatingIfNeeded: hash) & (Self.places - 1)
        guard hashes[place] == hash else { return nil }
        let known = names[place]
        return TextHash.areEqual(known.span, name) ? symbols[place] : nil
    }

    mutating func remember(_ name: Span<UInt8>, hash: UInt64, symbol: UInt32) {
        guard !name.isEmpty, name.count <= Self.maximumLength else { return }
        if hashes.isEmpty {
            hashes = Array(repeating: 0, count: Self.places)
            symbols = Array(repeating: 0, count: Self.places)
            names = Array(repeating: [], count: Self.places)
        }
        let place = Int(truncatingIfNeeded: hash) & (Self.places - 1)
        hashes[place] = hash
        symbols[place] = symbol
        names[place] = name.withUnsafeBufferPointer { Array($0) }
    }
}
