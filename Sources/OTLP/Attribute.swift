/// One key with its value. Keys should be unique within a list; where they are not, the first one counts.
package struct Attribute: Sendable, Hashable {
    package var key: String
    package var value: AttributeValue

    package init(_ key: String, _ value: AttributeValue) {
        self.key = key
        self.value = value
    }

    package static func == (left: Attribute, right: Attribute) -> Bool {
        left.value == right.value && left.key == right.key && left.key.utf8.elementsEqual(right.key.utf8)
    }
}

extension [Attribute] {
    /// The value of the first attribute of that name.
    package subscript(key: String) -> AttributeValue? { first { $0.key == key }?.value }
}
