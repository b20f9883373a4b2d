/// What many spans of a segment have in common.
package struct OutlineShape: Equatable, Sendable {
    /// Places among the texts of the segment's outlines; nil where it is not known.
    package var service: Int?
    /// The exact name.
    package var name: Int?
    /// OTLP's numbers; nil where it is not known.
    package var kind: UInt8?
    package var status: UInt8?

    static let unknown = OutlineShape()
}

/// The same with symbols of whoever writes outlines, in one number.
package struct OutlineShapeKey: Equatable, Sendable {
    let bits: UInt64

    /// - Parameters:
    ///   - service: below 2^24.
    ///   - name: of the exact name, below 2^24; nil where it is not known.
    @inline(__always)
    package init(service: UInt32, name: UInt32?, kind: UInt8, status: UInt8) {
        let name = name.map { UInt64($0) } ?? Self.noName
        bits = 1 << 63 | UInt64(service) << 32 | name << 8 | UInt64(kind & 7) << 2 | UInt64(status & 3)
    }

    private static let noName: UInt64 = 0xFF_FFFF
    var service: UInt32 { UInt32(truncatingIfNeeded: bits >> 32 & 0xFF_FFFF) }
    var name: UInt32? {
        let name = bits >> 8 & 0xFF_FFFF
        return name == Self.noName ? nil : UInt32(truncatingIfNeeded: name)
    }
    var kind: UInt8 { UInt8(truncatingIfNeeded: bits >> 2 & 7) }
    var status: UInt8 { UInt8(truncatingIfNeeded: bits & 3) }
}

/// Numbers shapes in the order in which they come. Number 0 is the unknown one, and those beyond the bound.
struct OutlineShapeTable: Sendable {
    static let maximumCount = 1 << 16

    private(set) var keys: [OutlineShapeKey] = []
    /// Numbers at places given by the keys; 0 is free. A power of two, at most half full.
    private var places = [UInt16](repeating: 0, count: 1024)

    @inline(__always)
    mutating func number(of key: OutlineShapeKey) -> UInt16 {
        var place = place(of: key)
        while places[place] != 0 {
            if keys[Int(places[place]) - 1] == key { return places[place] }
            place = (place &+ 1) & (places.count - 1)
        }
        return add(key, at: place)
    }

    @inline(__always)
    private func place(of key: OutlineShapeKey) -> Int {
        Int(truncatingIfNeeded: (key.bits &* 0x9E37_79B9_7F4A_7C15) >> 40) & (places.count - 1)
    }

    private mutating func add(_ key: OutlineShapeKey, at place: Int) -> UInt16 {
        guard keys.count + 1 < Self.maximumCount else { return 0 }
        keys.append(key)
        places[place] = UInt16(keys.count)
        if keys.count * 2 > places.count { grow() }
        return UInt16(keys.count)
    }

    private mutating func grow() {
        places = [UInt16](repeating: 0, count: places.count * 2)
        for (index, key) in keys.enumerated() {
            var place = place(of: key)
            while places[place] != 0 { place = (place &+ 1) & (places.count - 1) }
            places[place] = UInt16(index + 1)
        }
    }
}
