/// A secret inside of one text, and the rule that found it.
struct SecretRange: Equatable {
    var start: Int
    var end: Int
    /// Place in `Redaction.rules`.
    var rule: Int
}
