/// Members of objects: a key with its value.
extension JSONWriter {
    package mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    package mutating func member(_ name: String, _ value: Int) {
        key(name)
        number(value)
    }

    package mutating func member(_ name: String, _ value: UInt64) {
        key(name)
        number(value)
    }

    package mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// A whole number as text, since JSON readers keep 53 bits of a number.
    package mutating func member(_ name: String, text value: UInt64) { member(name, String(value)) }
}
