import JSON
import OTLP
package import WireFormat

/// One request out of a file.
package struct OTLPFileRecord: Sendable {
    package var kind: SignalKind
    /// OTLP protobuf, unknown fields included.
    package var message: [UInt8]
    package var place: OTLPFileError.Place

    package init(kind: SignalKind, message: [UInt8], place: OTLPFileError.Place) {
        self.kind = kind
        self.message = message
        self.place = place
    }
}

/// Reads the requests of an OTLP file one after the other, in memory bounded by the largest. Lives on one thread.
package final class OTLPFileReader {
    /// A JSON text or message over this is refused.
    package static let maximumValueBytes = 256 << 20

    private let path: String
    private var window: ContentWindow
    private let isJSON: Bool
    private let signal: SignalKind?
    private let limit: Int
    private var layout: OTLPProtobufLayout?
    private var line = 1
    private var waiting: [OTLPFileRecord] = []
    private var guesser = SignalGuesser()

    /// - Parameters:
    ///   - format: one of OTLP's.
    ///   - signal: what protobuf messages are, which do not say so themselves; nil: found out by their content.
    package init(
        _ source: ByteSource, format: TelemetryFormat, signal: SignalKind? = nil, limit: Int = maximumValueBytes
    ) {
        path = source.path
        window = ContentWindow(source)
        isJSON = format == .otlpJSON
        self.signal = signal
        self.limit = limit
    }

    /// What a file holds, by its first bytes.
    package static func format(of path: String) throws(OTLPFileError) -> TelemetryFormat {
        var window = ContentWindow(try ByteSource(path))
        _ = try window.has(64 << 10)
        guard let format = TelemetryFormat(head: Array(window.bytes.prefix(64 << 10))) else {
            throw OTLPFileError(path, .file, .unknownFormat)
        }
        return format
    }

    /// Nil at the end of the file. After an error in one request the next call goes on behind it, where that can be told.
    package func next() throws(OTLPFileError) -> OTLPFileRecord? {
        while waiting.isEmpty {
            guard try isJSON ? readJSON() : readProtobuf() else { return nil }
        }
        return waiting.removeFirst()
    }

    // MARK: JSON

    private func readJSON() throws(OTLPFileError) -> Bool {
        guard let first = try skipSpace() else { return false }
        let place = OTLPFileError.Place.line(line)
        guard first == UInt8(ascii: "{") else {
            try skipLine()
            throw OTLPFileError(path, place, .noRequest)
        }
        var scan = JSONValueScan()
        while !window.advance(&scan) {
            guard window.count <= limit else {
                window.drop(window.count)
                throw OTLPFileError(path, place, .tooLarge(limit: limit))
            }
            guard try window.grow() else {
                window.drop(window.count)
                throw OTLPFileError(path, place, .cut)
            }
        }
        let text = window.take(scan.position)
        line += scan.lines
        do throws(OTLPJSONError) {
            for kind in try Self.kinds(of: text) {
                let message = try OTLPJSON.protobuf(fromJSON: text, kind: kind, limit: limit, unknown: .kept)
                if !message.isEmpty { waiting.append(OTLPFileRecord(kind: kind, message: message, place: place)) }
            }
        } catch {
            throw OTLPFileError(path, place, .json(error))
        }
        return true
    }

    /// The first byte that is no white space; nil at the end.
    private func skipSpace() throws(OTLPFileError) -> UInt8? {
        while true {
            var index = 0
            while index < window.count {
                switch window[index] {
                case 0x0A: line += 1
                case 0x20, 0x09, 0x0D: break
                case let byte:
                    window.drop(index)
                    return byte
                }
                index += 1
            }
            window.drop(index)
            guard try window.grow() else { return nil }
        }
    }

    private func skipLine() throws(OTLPFileError) {
        while true {
            var index = 0
            while index < window.count {
                if window[index] == 0x0A { return window.drop(index) }
                index += 1
            }
            window.drop(index)
            guard try window.grow() else { return }
        }
    }

    /// A text may hold several signals beside each other.
    private static func kinds(of text: [UInt8]) throws(OTLPJSONError) -> [SignalKind] {
        var tokenizer = JSONTokenizer(text, depthLimit: 128)
        var kinds: [SignalKind] = []
        do throws(JSONError) {
            _ = try tokenizer.next()
            while case .key(let key) = try tokenizer.next() {
                let kind: SignalKind? =
                    switch tokenizer.string(key) {
                    case "resourceSpans", "resource_spans": .traces
                    case "resourceMetrics", "resource_metrics": .metrics
                    case "resourceLogs", "resource_logs": .logs
                    default: nil
                    }
                if let kind, !kinds.contains(kind) { kinds.append(kind) }
                try tokenizer.skipValue()
            }
        } catch {
            throw OTLPJSONError(.syntax(error), path: "", at: error.offset)
        }
        return kinds
    }

    // MARK: protobuf

    private func readProtobuf() throws(OTLPFileError) -> Bool {
        guard try window.has(1) else { return false }
        if layout == nil {
            _ = try window.has(16)
            layout = OTLPProtobufLayout(head: Array(window.bytes[window.start...].prefix(16))) ?? .delimited
        }
        if layout == .bare { return try readBare() }
        let place = OTLPFileError.Place.byte(window.offset)
        let length = try readLength(place)
        guard length <= limit else { throw end(place, .tooLarge(limit: limit)) }
        guard try window.has(length) else { throw end(place, .cut) }
        try add(window.take(length), place)
        return true
    }

    private func readBare() throws(OTLPFileError) -> Bool {
        let place = OTLPFileError.Place.byte(window.offset)
        while try window.grow() {
            guard window.count <= limit else { throw end(place, .tooLarge(limit: limit)) }
        }
        try add(window.take(window.count), place)
        return true
    }

    private func readLength(_ place: OTLPFileError.Place) throws(OTLPFileError) -> Int {
        var length: UInt64 = 0
        for index in 0..<10 {
            guard try window.has(1) else { throw end(place, .cut) }
            let byte = window[0]
            window.drop(1)
            if index == 9, byte > 1 { break }
            length |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte < 0x80 { return Int(clamping: length) }
        }
        throw end(place, .wire(WireError(.overlongVarint, at: 0)))
    }

    /// Nothing behind a length that cannot be right can be found.
    private func end(_ place: OTLPFileError.Place, _ reason: OTLPFileError.Reason) -> OTLPFileError {
        window.drop(window.count)
        window.isAtEnd = true
        return OTLPFileError(path, place, reason)
    }

    private func add(_ message: [UInt8], _ place: OTLPFileError.Place) throws(OTLPFileError) {
        guard !message.isEmpty else { return }
        do throws(WireError) {
            let kind = if let signal { signal } else { try guesser.kind(of: message.span) }
            waiting.append(OTLPFileRecord(kind: kind, message: message, place: place))
        } catch {
            throw OTLPFileError(path, place, .wire(error))
        }
    }
}
