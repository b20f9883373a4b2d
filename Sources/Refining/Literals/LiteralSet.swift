import CLiteralSearch

/// Many literals, arranged to be found in one pass. A literal is called by its place in the list it was made from.
struct LiteralSet: Sendable {
    enum Kernel: Sendable, CaseIterable {
        case best
        case portable
        case ssse3
        case avx2

        var isSupported: Bool { hms_search_supports(value) != 0 }

        fileprivate var value: hms_search_kernel {
            switch self {
            case .best: HMS_SEARCH_BEST
            case .portable: HMS_SEARCH_PORTABLE
            case .ssse3: HMS_SEARCH_SSSE3
            case .avx2: HMS_SEARCH_AVX2
            }
        }
    }

    struct Hit: Equatable {
        /// Where a part of the literal lies; hits come in this order.
        var position: Int
        /// Where the literal begins.
        var start: Int
        var literal: Int
    }

    static let hitsAtOnce = 128

    /// One element: an array gives it an address.
    private let tables: [hms_literal_tables]
    private let literals: [hms_literal]
    /// The caller's name of each of `literals`.
    private let names: [Int]

    var isEmpty: Bool { literals.isEmpty }

    init(_ list: [SearchLiteral]) {
        let buckets = LiteralBuckets(list)
        tables = [buckets.tables]
        literals = buckets.literals
        names = buckets.names
    }

    /// Finds some of the literals from `position` on, leaves in `position` where to go on, and adds them to `hits`.
    func find(in bytes: Span<UInt8>, from position: inout Int, kernel: Kernel = .best, into hits: inout [Hit]) {
        guard !literals.isEmpty, position < bytes.count else {
            position = bytes.count
            return
        }
        precondition(bytes.count <= Int(UInt32.max), "a message is far shorter than 4 GiB")
        let spare = Int(HMS_FINGERPRINT) * literals.count
        withUnsafeTemporaryAllocation(of: hms_literal_hit.self, capacity: Self.hitsAtOnce + spare) { room in
            var next = position
            // A temporary allocation of more than no bytes and an array of one element have an address.
            let count = bytes.withUnsafeBufferPointer { bytes in
                hms_find_literals(
                    tables.withUnsafeBufferPointer { $0.baseAddress! },
                    literals.withUnsafeBufferPointer { $0.baseAddress! },
                    bytes.baseAddress!, bytes.count, &next, room.baseAddress!, room.count, spare, kernel.value)
            }
            position = next
            for index in 0..<count {
                let hit = room[index]
                let literal = Int(hit.literal)
                hits.append(
                    Hit(
                        position: Int(hit.position), start: Int(hit.position) - Int(literals[literal].anchor),
                        literal: names[literal]))
            }
        }
    }
}
