/// One OTLP message: what JSON calls its fields and how protobuf writes them.
final class MessageSchema: Sendable {
    let name: String
    /// In the order of their numbers; at most `maximumFields`.
    let fields: [FieldSchema]
    /// Both names of each field, one field after the other: twice its index in `fields`, and one more.
    let names: [[UInt8]]
    /// Index in `fields` by field number; -1 where OTLP defines none.
    private let indexByNumber: [Int]

    static let maximumFields = 20

    init(_ name: String, _ fields: [FieldSchema]) {
        let sorted = fields.sorted { $0.number < $1.number }
        precondition(sorted.count <= Self.maximumFields, "\(name) has too many fields for the transcoder's tables")
        self.name = name
        self.fields = sorted
        names = sorted.flatMap { [$0.camelName, $0.snakeName] }
        var byNumber = [Int](repeating: -1, count: Int(sorted.last?.number ?? 0) + 1)
        for (index, field) in sorted.enumerated() { byNumber[Int(field.number)] = index }
        indexByNumber = byNumber
    }

    func index(ofNumber number: UInt32) -> Int? {
        guard Int(number) < indexByNumber.count else { return nil }
        let index = indexByNumber[Int(number)]
        return index < 0 ? nil : index
    }
}

struct FieldSchema: Sendable {
    let number: UInt32
    /// JSON's name in lowerCamelCase, which is what we write.
    let name: String
    /// Both names that are read: lowerCamelCase and the one of the .proto file.
    let camelName: [UInt8]
    let snakeName: [UInt8]
    let type: FieldType
    let presence: Presence

    init(_ number: UInt32, _ name: String, _ type: FieldType, _ presence: Presence = .implicit) {
        self.number = number
        self.name = name
        self.type = type
        self.presence = presence
        camelName = Array(name.utf8)
        snakeName = camelName.reduce(into: []) { snake, byte in
            if byte >= UInt8(ascii: "A"), byte <= UInt8(ascii: "Z") {
                snake.append(UInt8(ascii: "_"))
                snake.append(byte | 0x20)
            } else {
                snake.append(byte)
            }
        }
    }

    enum Presence: Sendable, Equatable {
        /// A scalar whose default is left out.
        case implicit
        /// Written whenever it is set, default or not. Messages always are.
        case optional
        case repeated
        /// Set like `optional`, and setting it unsets the others of its message. No OTLP message has two such groups.
        case oneof
    }
}

enum FieldType: Sendable, Equatable {
    case string
    case bytes
    /// Bytes that OTLP/JSON writes in hexadecimal.
    case hexBytes
    case bool
    case int64
    case uint32
    case uint64
    case sint32
    case fixed32
    case fixed64
    case sfixed64
    case double
    case enumeration(EnumSchema)
    case message(MessageKind)
}

/// An enum's names with their common prefix taken off; their places are their numbers.
struct EnumSchema: Sendable, Equatable {
    let prefix: String
    let names: [String]

    func number(named name: String) -> Int32? {
        guard name.hasPrefix(prefix), let index = names.firstIndex(of: String(name.dropFirst(prefix.count))) else {
            return nil
        }
        return Int32(index)
    }
}
