/// What a field is compared with. Durations are nanoseconds, sizes bytes, moments Unix nanoseconds; words such as `server` and
/// ids are text.
package enum QueryValue: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case decimal(Double)
    case bool(Bool)
}
