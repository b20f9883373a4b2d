/// What becomes of fields that OTLP does not define when a request goes to JSON and back.
package enum UnknownFields: Sendable {
    /// They have no name in OTLP/JSON, so they are left out, as the specification has it.
    case leftOut
    /// A member `@unknown` of their message holds them with their tags, as base64. Other readers pass over it.
    case kept

    static let memberName = "@unknown"
}
