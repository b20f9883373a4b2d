import LargeArrays

/// The places of `keys` by rising key; of equal keys in the order of `order`, by place if there is none.
///
/// Least significant byte first, with bytes skipped in which all keys agree: the cost does not depend on what a sender chose, and
/// ids, which are random, need no comparisons.
package func placesSorted(by keys: [UInt64], from order: [Int32]? = nil) -> [Int32] {
    let count = keys.count
    var indices = order ?? Array(large: (0..<count).lazy.map { Int32(truncatingIfNeeded: $0) })
    guard count > 1 else { return indices }
    var all: UInt64 = .max
    var some: UInt64 = 0
    for key in keys {
        all &= key
        some |= key
    }
    let differing = all ^ some
    guard differing != 0 else { return indices }
    var current = Array(large: indices.lazy.map { keys[Int($0)] })
    var nextKeys = [UInt64](large: 0, count: count)
    var nextIndices = Array(large: indices)
    // Eleven bits at a time, six passes for a whole key; few at a time where the table would be larger than what is sorted.
    let bits: UInt64 = count < 2048 ? 6 : 11
    let mask = UInt64(1) << bits - 1
    for shift in stride(from: UInt64(0), to: 64, by: Int(bits)) where differing >> shift & mask != 0 {
        var places = [Int](repeating: 0, count: Int(mask) + 2)
        for key in current { places[Int(key >> shift & mask) &+ 1] &+= 1 }
        for digit in 0...Int(mask) { places[digit &+ 1] &+= places[digit] }
        for position in 0..<count {
            let key = current[position]
            let digit = Int(key >> shift & mask)
            let place = places[digit]
            places[digit] = place &+ 1
            nextKeys[place] = key
            nextIndices[place] = indices[position]
        }
        swap(&current, &nextKeys)
        swap(&indices, &nextIndices)
    }
    return indices
}
