import JSON
import WireFormat

/// Turns one OTLP/JSON text into protobuf while it walks the tokens. Its recursion follows the schema, whose only cycle is
/// AnyValue, and the open messages are counted.
struct OTLPJSONReader {
    /// How many messages may be open at once, the request counted: what the scanner accepts of protobuf.
    static let maximumMessageDepth = 32
    /// A message takes at most two JSON levels, its array and its object; the rest is for fields we do not know.
    static let jsonDepthLimit = maximumMessageDepth * 2 + 32

    var tokenizer: JSONTokenizer
    var output: [UInt8] = []
    /// Most bytes that `output` may have.
    private let limit: Int
    private let unknown: UnknownFields
    private var path: [PathStep] = []

    private enum PathStep {
        case field(String)
        case index(Int)
    }

    init(_ text: [UInt8], limit: Int = .max, unknown: UnknownFields = .leftOut) {
        tokenizer = JSONTokenizer(text, depthLimit: Self.jsonDepthLimit)
        self.limit = limit
        self.unknown = unknown
        // Room for one number beyond the limit, so that what is too large is refused before `output` would have to grow.
        output.reserveCapacity(limit < text.count / 2 ? limit + 16 : text.count / 2)
    }

    mutating func read(_ kind: MessageKind) throws(OTLPJSONError) -> [UInt8] {
        let token = try next()
        guard token == .beginObject else { throw wrongType(token, expected: "an object") }
        try readFields(of: kind.schema, depth: 1)
        _ = try next()
        return output
    }

    /// Reads the members of an object whose beginning has been read, up to its end. `depth` counts it.
    private mutating func readFields(of schema: MessageSchema, depth: Int) throws(OTLPJSONError) {
        var seen: UInt32 = 0
        var chosen: String?
        var kept: [UInt8] = []
        // Behind the fields that have names, wherever they stand in the text.
        defer { output.append(contentsOf: kept) }
        while true {
            guard case .key(let key) = try next() else { return }
            guard let index = fieldIndex(of: key, in: schema) else {
                if unknown == .kept, tokenizer.firstIndex(of: key, in: Self.unknownName) != nil {
                    try readUnknown(of: schema, into: &kept)
                } else {
                    try skipValue()
                }
                continue
            }
            let field = schema.fields[index]
            path.append(.field(field.name))
            guard seen & 1 << index == 0 else { throw error(.duplicateField) }
            seen |= 1 << index
            let token = try next()
            if token != .null {
                if field.presence == .oneof {
                    if let chosen { throw error(.alreadyChosen(chosen)) }
                    chosen = field.name
                }
                try readField(field, token, depth: depth)
                guard output.count <= limit else { throw error(.tooLarge(limit: limit)) }
            }
            path.removeLast()
        }
    }

    private mutating func readField(
        _ field: FieldSchema, _ token: JSONToken, depth: Int
    ) throws(OTLPJSONError) {
        guard field.presence == .repeated else {
            if case .message(let kind) = field.type {
                try readMessage(kind, field, token, depth: depth)
            } else {
                try readScalar(field, token)
            }
            return
        }
        guard token == .beginArray else { throw wrongType(token, expected: "an array") }
        let packed = field.type.isPackable ? beginLength(field.number) : nil
        var count = 0
        while true {
            let token = try next()
            if token == .endArray { break }
            path.append(.index(count))
            guard output.count <= limit else { throw error(.tooLarge(limit: limit)) }
            if case .message(let kind) = field.type {
                try readMessage(kind, field, token, depth: depth)
            } else {
                try readScalar(field, token)
            }
            path.removeLast()
            count += 1
        }
        if let packed { endLength(packed, keepsEmpty: false) }
    }

    private mutating func readMessage(
        _ kind: MessageKind, _ field: FieldSchema, _ token: JSONToken, depth: Int
    ) throws(OTLPJSONError) {
        guard token == .beginObject else { throw wrongType(token, expected: "an object") }
        guard depth < Self.maximumMessageDepth else {
            throw error(.nestedTooDeep(limit: Self.maximumMessageDepth))
        }
        let start = beginLength(field.number)
        try readFields(of: kind.schema, depth: depth + 1)
        endLength(start, keepsEmpty: true)
    }

    private static let unknownName = [Array(UnknownFields.memberName.utf8)]

    /// Whole fields, none of which the schema knows: a known one could say something else than the member of its name.
    private mutating func readUnknown(of schema: MessageSchema, into kept: inout [UInt8]) throws(OTLPJSONError) {
        path.append(.field(UnknownFields.memberName))
        guard kept.isEmpty else { throw error(.duplicateField) }
        let token = try next()
        let expected = "base64 of protobuf fields that OTLP does not define"
        guard case .string(let text) = token else { throw wrongType(token, expected: "a string with \(expected)") }
        var encoded: [UInt8] = []
        tokenizer.append(text, to: &encoded)
        guard let bytes = Base64.decode(encoded), Self.isUnknown(bytes.span, to: schema) else {
            throw error(.invalidValue(expected: expected))
        }
        kept = bytes
        guard output.count + kept.count <= limit else { throw error(.tooLarge(limit: limit)) }
        path.removeLast()
    }

    private static func isUnknown(_ bytes: Span<UInt8>, to schema: MessageSchema) -> Bool {
        do throws(WireError) {
            var cursor = FieldCursor(bytes)
            while let field = try cursor.next() {
                guard schema.index(ofNumber: field.number) == nil else { return false }
                try cursor.skip(field)
            }
            return true
        } catch {
            return false
        }
    }

    private func fieldIndex(of key: JSONString, in schema: MessageSchema) -> Int? {
        tokenizer.firstIndex(of: key, in: schema.names).map { $0 / 2 }
    }

    /// Where a length-delimited field began: its tag, and one byte kept for the length.
    struct Length {
        var tag: Int
        var content: Int
    }

    mutating func beginLength(_ number: UInt32) -> Length {
        let tag = output.count
        appendVarint(UInt64(number) << 3 | 2)
        output.append(0)
        return Length(tag: tag, content: output.count)
    }

    mutating func endLength(_ start: Length, keepsEmpty: Bool) {
        let length = output.count - start.content
        if length == 0, !keepsEmpty {
            output.removeSubrange(start.tag...)
        } else if length < 0x80 {
            output[start.content - 1] = UInt8(length)
        } else {
            var encoded: [UInt8] = []
            Self.appendVarint(UInt64(length), to: &encoded)
            output.replaceSubrange(start.content - 1..<start.content, with: encoded)
        }
    }

    mutating func appendVarint(_ value: UInt64) { Self.appendVarint(value, to: &output) }

    private static func appendVarint(_ value: UInt64, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }

    private mutating func next() throws(OTLPJSONError) -> JSONToken {
        do throws(JSONError) {
            return try tokenizer.next()
        } catch {
            throw OTLPJSONError(.syntax(error), path: pathText, at: error.offset)
        }
    }

    private mutating func skipValue() throws(OTLPJSONError) {
        do throws(JSONError) {
            try tokenizer.skipValue()
        } catch {
            throw OTLPJSONError(.syntax(error), path: pathText, at: error.offset)
        }
    }

    func error(_ reason: OTLPJSONError.Reason) -> OTLPJSONError {
        OTLPJSONError(reason, path: pathText, at: tokenizer.tokenStart)
    }

    func wrongType(_ token: JSONToken, expected: String) -> OTLPJSONError {
        let found =
            switch token {
            case .beginObject: "an object"
            case .beginArray: "an array"
            case .string, .key: "a string"
            case .number: "a number"
            case .bool(let value): "\(value)"
            case .null: "null"
            case .endObject, .endArray, .end: "nothing"
            }
        return error(.wrongType(expected: expected, found: found))
    }

    private var pathText: String {
        var text = ""
        for step in path {
            switch step {
            case .field(let name): text += text.isEmpty ? name : ".\(name)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}
