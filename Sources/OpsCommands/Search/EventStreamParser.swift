/// Reads server-sent events from the bytes of an answer that goes on, in whatever pieces they come.
struct EventStreamParser {
    struct Event: Equatable {
        var name: String
        var data: [UInt8]
    }

    struct TooLong: Error, Equatable {
        let limit: Int
    }

    /// Of one event.
    private let maximumBytes: Int
    private var line: [UInt8] = []
    private var name = ""
    private var data: [UInt8]?
    private var endsWithReturn = false

    init(maximumBytes: Int = 1 << 20) { self.maximumBytes = maximumBytes }

    /// The events that `bytes` complete.
    mutating func read(_ bytes: [UInt8]) throws(TooLong) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            // A line ends with CR, LF or both.
            let follows = endsWithReturn && byte == UInt8(ascii: "\n")
            endsWithReturn = byte == UInt8(ascii: "\r")
            if follows { continue }
            if endsWithReturn || byte == UInt8(ascii: "\n") {
                if let event = endLine() { events.append(event) }
            } else {
                line.append(byte)
                guard line.count + (data?.count ?? 0) <= maximumBytes else { throw TooLong(limit: maximumBytes) }
            }
        }
        return events
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else {
            defer { (name, data) = ("", nil) }
            return data.map { Event(name: name.isEmpty ? "message" : name, data: $0) }
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": name = String(decoding: value, as: UTF8.self)
        case "data": data = data.map { $0 + [UInt8(ascii: "\n")] + value } ?? Array(value)
        // Comments have no field name; others mean nothing to us.
        default: break
        }
        return nil
    }
}
