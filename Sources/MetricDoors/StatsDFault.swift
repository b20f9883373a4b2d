/// Why a line is no StatsD. The raw value is the `reason` label of its counter.
package enum StatsDFault: String, Error, CaseIterable, Sendable {
    case noName = "no_name"
    case noValue = "no_value"
    case noType = "no_type"
    case unknownType = "unknown_type"
    case badValue = "bad_value"
    case badRate = "bad_rate"
    case badTimestamp = "bad_timestamp"
    case nameTooLong = "name_too_long"
    case tooManyTags = "too_many_tags"
    case controlCharacter = "control_character"
    case notUTF8 = "not_utf8"
    case badEvent = "bad_event"
    case badServiceCheck = "bad_service_check"
}
