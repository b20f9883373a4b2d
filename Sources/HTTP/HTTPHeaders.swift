/// Header fields in the order they came. Names are lower case; a name may stand more than once.
package struct HTTPHeaders: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package private(set) var fields: [Field] = []

    package init() {}

    package init(_ fields: [(String, String)]) {
        self.fields = fields.map { Field(name: $0.0, value: $0.1) }
    }

    /// `name` is to be lower case.
    package mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// The first value of `name`, which is to be lower case.
    package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// All values of `name`, in order.
    package func values(_ name: String) -> [String] {
        fields.lazy.filter { $0.name == name }.map(\.value)
    }

    /// How often `name` stands, and its first value.
    package func countAndFirst(_ name: String) -> (count: Int, first: String?) {
        var (count, first): (Int, String?) = (0, nil)
        for field in fields where field.name == name {
            count += 1
            if first == nil { first = field.value }
        }
        return (count, first)
    }

    package var isEmpty: Bool { fields.isEmpty }
}
