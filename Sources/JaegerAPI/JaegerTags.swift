import JSON

/// The `tag` and `tags` parameters: what a span has to have, by key. The last of equal keys counts, and JSON comes last.
enum JaegerTags {
    static func parse(
        pairs: [String], json: [String], maximum: Int
    ) throws(JaegerError) -> [(key: String, value: String)] {
        var tags: [(key: String, value: String)] = []
        func set(_ key: String, _ value: String) throws(JaegerError) {
            guard !key.isEmpty else { throw JaegerError(400, "malformed tags: a key is empty") }
            if let index = tags.firstIndex(where: { $0.key == key }) {
                tags[index].value = value
            } else {
                guard tags.count < maximum else {
                    throw JaegerError(400, "there are more than \(maximum) tags; ask for fewer")
                }
                tags.append((key, value))
            }
        }
        for pair in pairs {
            guard let colon = pair.firstIndex(of: ":") else {
                throw JaegerError(400, "malformed 'tag' parameter, expected key:value, received '\(shortened(pair))'")
            }
            try set(String(pair[..<colon]), String(pair[pair.index(after: colon)...]))
        }
        for text in json {
            for member in try members(text) { try set(member.key, try value(member)) }
        }
        return tags
    }

    private static func members(_ text: String) throws(JaegerError) -> [JSONMember] {
        let object: JSONValue
        do throws(JSONError) {
            object = try JSONParser.parse(Array(text.utf8), depthLimit: 4, valueLimit: 1000, duplicateKeys: .keepLast)
        } catch {
            throw JaegerError(400, "malformed 'tags' parameter, not JSON: \(error)")
        }
        guard let members = object.members else {
            throw JaegerError(400, "malformed 'tags' parameter, expected a JSON object of texts")
        }
        return members
    }

    /// Numbers, true and false stand for their text.
    private static func value(_ member: JSONMember) throws(JaegerError) -> String {
        switch member.value {
        case .string(let text), .number(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .null, .array, .object:
            throw JaegerError(400, "malformed 'tags' parameter, the value of '\(shortened(member.key))' is no text")
        }
    }
}
