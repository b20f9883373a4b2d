/// One step through a JSON text. Strings and numbers are places in the text; the tokenizer turns them into values.
package enum JSONToken: Sendable, Equatable {
    case beginObject
    case endObject
    case beginArray
    case endArray
    case key(JSONString)
    case string(JSONString)
    case number(JSONNumber)
    case bool(Bool)
    case null
    /// The text holds one whole value and nothing after it.
    case end
}

/// A string as it stands between its quotes, valid in every respect.
package struct JSONString: Sendable, Equatable {
    package var range: Range<Int>
    package var hasEscapes: Bool
}

/// The characters of a number that follows JSON's grammar.
package struct JSONNumber: Sendable, Equatable {
    package var range: Range<Int>
}
