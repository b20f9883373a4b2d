/// Where the copies of spans lie that came more than once.
struct CopyPlaces: Sendable {
    /// By rising id; one entry for each place of an id.
    private let ids: [UInt64]
    private let places: [UInt32]

    init() { (ids, places) = ([], []) }

    /// - Parameter groups: rows with one id.
    init(_ groups: [[Int]], _ ids: [UInt64], _ places: [UInt32]) {
        var found: [(id: UInt64, place: UInt32)] = []
        for rows in groups {
            for place in Set(rows.map { places[$0] }).sorted() { found.append((ids[rows[0]], place)) }
        }
        let order = placesSorted(by: found.map(\.id))
        self.ids = order.map { found[Int($0)].id }
        self.places = order.map { found[Int($0)].place }
    }

    /// Rising; nothing of a span that came once.
    subscript(id: UInt64) -> ArraySlice<UInt32> {
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < id { low = middle + 1 } else { high = middle }
        }
        var end = low
        while end < ids.count, ids[end] == id { end += 1 }
        return places[low..<end]
    }
}
