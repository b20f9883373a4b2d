package import OTLP
package import TraceModel

/// A trace as people write it down, one span a line. `Tests/TraceAssemblyTests/Golden/README.md` has the grammar;
/// `IntegrationTests/golden.py` reads the same files.
package struct TraceFile: Sendable {
    package private(set) var traceID = TraceID(high: 0, low: 1)
    /// In the order of the file, copies included.
    package private(set) var spans: [SpanValue] = []
    /// Added to all times that are not written as `=…`.
    private var base: UInt64 = 1_700_000_000_000_000_000

    package init(_ text: String) throws(TraceFileError) {
        var pattern: Pattern?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            do throws(TraceFileError.Reason) {
                var words = TraceFileWords(line)
                guard let word = try words.next() else { continue }
                switch word.text {
                case "trace": traceID = try Self.traceID(try words.required("a trace id"))
                case "base": base = try Self.number(try words.required("nanoseconds"))
                case "repeat":
                    let count = try Self.number(try words.required("a count"))
                    try words.expect("every")
                    pattern = .row(count: count, every: try Self.duration(try words.required("a time")))
                case "chain":
                    let count = try Self.number(try words.required("a count"))
                    try words.expect("in")
                    pattern = .chain(count: count, inset: try Self.duration(try words.required("a time")))
                default:
                    append(try span(id: word.text, &words), in: pattern)
                    pattern = nil
                    continue
                }
                try words.finish()
            } catch {
                throw TraceFileError(line: index + 1, reason: error)
            }
        }
    }

    /// How the line that follows stands for many spans, their ids rising by one.
    private enum Pattern {
        /// Side by side below the same parent.
        case row(count: UInt64, every: Int64)
        /// Each below the one before, and shorter than it at both ends.
        case chain(count: UInt64, inset: Int64)
    }

    private mutating func append(_ span: (value: SpanValue, copies: Int), in pattern: Pattern?) {
        guard let pattern else {
            spans += Array(repeating: span.value, count: span.copies)
            return
        }
        let count =
            switch pattern {
            case .row(let count, _), .chain(let count, _): count
            }
        for number in 0..<count {
            var value = span.value
            value.spanID.value &+= number
            switch pattern {
            case .row(_, let step):
                let moved = UInt64(bitPattern: step) &* number
                value.startUnixNano &+= moved
                value.endUnixNano &+= moved
            case .chain(_, let inset):
                let moved = UInt64(bitPattern: inset) &* number
                if number > 0 { value.parentSpanID = SpanID(value: value.spanID.value &- 1) }
                value.startUnixNano &+= moved
                value.endUnixNano &-= moved
            }
            spans += Array(repeating: value, count: span.copies)
        }
    }

    // MARK: One span

    private func span(
        id: String, _ words: inout TraceFileWords
    ) throws(TraceFileError.Reason) -> (value: SpanValue, copies: Int) {
        var span = SpanValue(traceID: traceID, spanID: try Self.spanID(id))
        let parent = try words.required("a parent id or '-'")
        if parent != "-" { span.parentSpanID = try Self.spanID(parent) }
        let times = try words.required("times such as 10..20 or 10+10")
        (span.startUnixNano, span.endUnixNano) = try self.times(times)
        let kind = try words.required("a kind")
        guard let known = SpanKind.allCases.first(where: { $0.description == kind }) else {
            throw .unexpected(kind, expected: "a kind such as server")
        }
        span.kind = known
        var resource = [Attribute("service.name", .string(try words.required("a service")))]
        span.name = try words.required("a name")
        var copies = 1
        while let word = try words.next() {
            try apply(word, to: &span, &resource, &copies)
        }
        span.resource = ResourceValue(resource)
        return (span, copies)
    }

    private func apply(
        _ word: TraceFileWords.Word, to span: inout SpanValue, _ resource: inout [Attribute], _ copies: inout Int
    ) throws(TraceFileError.Reason) {
        guard let value = word.value else {
            if word.text.hasPrefix("@") {
                resource.append(Attribute("host.name", .string(String(word.text.dropFirst()))))
            } else if word.text == "error" {
                span.status = SpanStatus(.error)
            } else if word.text == "ok" {
                span.status = SpanStatus(.ok)
            } else if word.text.hasPrefix("x"), let count = Int(word.text.dropFirst()), count > 0 {
                copies = count
            } else {
                throw .unexpected(word.text, expected: "@host, error, ok, xN or key=value")
            }
            return
        }
        if word.text == "error" {
            span.status = SpanStatus(.error, message: value)
        } else if word.text == "link" {
            let parts = value.split(separator: "/").map(String.init)
            let target = parts.count == 2 ? try Self.traceID(parts[0]) : traceID
            span.links.append(SpanLink(traceID: target, spanID: try Self.spanID(parts.last ?? "")))
        } else if word.text.hasPrefix("event@") {
            span.events.append(SpanEvent(value, at: try time(word.text.dropFirst(6))))
        } else if !word.isQuoted, let number = Int64(value) {
            span.attributes.append(Attribute(word.text, .int(number)))
        } else {
            span.attributes.append(Attribute(word.text, .string(value)))
        }
    }

    // MARK: Numbers

    private func times(_ text: String) throws(TraceFileError.Reason) -> (UInt64, UInt64) {
        if let dots = text.utf8.firstIndex(of: UInt8(ascii: ".")), text[dots...].hasPrefix("..") {
            return (try time(text[..<dots]), try time(text[dots...].dropFirst(2)))
        }
        let parts = text.split(separator: "+", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .unexpected(text, expected: "times such as 10..20 or 10+10") }
        let start = try time(parts[0])
        return (start, start &+ UInt64(bitPattern: try Self.duration(parts[1])))
    }

    /// A moment: `=` and nanoseconds or `max` as they are, otherwise a duration counted from the base.
    private func time(_ text: some StringProtocol) throws(TraceFileError.Reason) -> UInt64 {
        if text == "=max" { return .max }
        if text.hasPrefix("=") { return try Self.number(text.dropFirst()) }
        return base &+ UInt64(bitPattern: try Self.duration(text))
    }

    /// In order of how they are looked for: a unit stands before those that it ends with.
    private static let units: [(String, Int64)] = [
        ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// A whole number with a unit, milliseconds without one; may be negative.
    private static func duration(_ text: some StringProtocol) throws(TraceFileError.Reason) -> Int64 {
        let unit = units.first { text.hasSuffix($0.0) } ?? ("", 1_000_000)
        guard let number = Int64(text.dropLast(unit.0.count)) else {
            throw .unexpected(String(text), expected: "a time such as 10, 250us or -5s")
        }
        return number &* unit.1
    }

    private static func number(_ text: some StringProtocol) throws(TraceFileError.Reason) -> UInt64 {
        guard let number = UInt64(text) else { throw .unexpected(String(text), expected: "a number") }
        return number
    }

    private static func spanID(_ text: String) throws(TraceFileError.Reason) -> SpanID {
        guard text.utf8.count <= 16, let value = UInt64(text, radix: 16) else {
            throw .unexpected(text, expected: "a span id of up to 16 hexadecimal digits")
        }
        return SpanID(value: value)
    }

    private static func traceID(_ text: String) throws(TraceFileError.Reason) -> TraceID {
        let padded = String(repeating: "0", count: max(0, 32 - text.utf8.count)) + text
        guard let id = TraceID(hex: padded) else {
            throw .unexpected(text, expected: "a trace id of up to 32 hexadecimal digits")
        }
        return id
    }
}

/// What is wrong with one line of a trace file.
package struct TraceFileError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Error, Equatable {
        case missing(String)
        case unexpected(String, expected: String)
        case badText(String)
    }

    package let line: Int
    package let reason: Reason

    package var description: String {
        switch reason {
        case .missing(let what): "line \(line): \(what) is missing"
        case .unexpected(let found, let expected): "line \(line): '\(found)' is not \(expected)"
        case .badText(let problem): "line \(line): \(problem)"
        }
    }
}
