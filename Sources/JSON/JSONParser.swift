/// Builds the tree of a JSON text in one pass, without recursion.
package enum JSONParser {
    package enum DuplicateKeys: Sendable { case reject, keepFirst, keepLast }

    /// Freeing a tree recurses, so a limit beyond this is lowered to it.
    package static let maximumDepthLimit = 1024

    package static func parse(
        _ text: [UInt8], depthLimit: Int = 64, valueLimit: Int = .max, duplicateKeys: DuplicateKeys = .reject
    ) throws(JSONError) -> JSONValue {
        var values = 0
        var tokenizer = JSONTokenizer(text, depthLimit: min(depthLimit, maximumDepthLimit))
        var open: [Container] = []
        var result = JSONValue.null
        while true {
            let value: JSONValue
            switch try tokenizer.next() {
            case .end: return result
            case .beginObject:
                open.append(Container(isObject: true))
                continue
            case .beginArray:
                open.append(Container(isObject: false))
                continue
            case .key(let key):
                let name = tokenizer.string(key)
                let isNew = open[open.count - 1].setKey(name, policy: duplicateKeys)
                if !isNew, duplicateKeys == .reject {
                    throw JSONError(.duplicateKey(name), at: tokenizer.tokenStart, in: text)
                }
                continue
            case .endObject, .endArray: value = open.removeLast().value
            case .string(let string): value = .string(tokenizer.string(string))
            case .number(let number): value = .number(tokenizer.text(number))
            case .bool(let flag): value = .bool(flag)
            case .null: value = .null
            }
            values += 1
            guard values <= valueLimit else {
                throw JSONError(.tooManyValues(limit: valueLimit), at: tokenizer.tokenStart, in: text)
            }
            if open.isEmpty {
                result = value
            } else {
                open[open.count - 1].add(value)
            }
        }
    }

    package static func parse(
        _ text: String, depthLimit: Int = 64, duplicateKeys: DuplicateKeys = .reject
    ) throws(JSONError) -> JSONValue {
        try parse(Array(text.utf8), depthLimit: depthLimit, duplicateKeys: duplicateKeys)
    }

    /// An object or array whose end has not come yet.
    private struct Container {
        let isObject: Bool
        private var values: [JSONValue] = []
        private var members: [JSONMember] = []
        private var places: [KeyBytes: Int] = [:]
        private var key = ""
        /// Where the next value goes; nil when it is to be dropped.
        private var place: Int? = 0

        init(isObject: Bool) { self.isObject = isObject }

        var value: JSONValue { isObject ? .object(members) : .array(values) }

        /// False when the object has the key already.
        mutating func setKey(_ name: String, policy: DuplicateKeys) -> Bool {
            key = name
            if let earlier = places[KeyBytes(text: name)] {
                place = policy == .keepFirst ? nil : earlier
                return false
            }
            place = members.count
            places[KeyBytes(text: name)] = members.count
            return true
        }

        mutating func add(_ value: JSONValue) {
            guard isObject else {
                values.append(value)
                return
            }
            guard let place else { return }
            if place < members.count {
                members[place].value = value
            } else {
                members.append(JSONMember(key, value))
            }
        }
    }

    /// A key compared by its bytes: two spellings of an accented letter are two keys.
    private struct KeyBytes: Hashable {
        let text: String
        static func == (left: KeyBytes, right: KeyBytes) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
        func hash(into hasher: inout Hasher) {
            for byte in text.utf8 { hasher.combine(byte) }
        }
    }
}
