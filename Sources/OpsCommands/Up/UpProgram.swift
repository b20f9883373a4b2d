/// One program that `up` starts: with which arguments, and how to see that it is ready.
package struct UpProgram: Sendable, Equatable {
    package enum Readiness: Sendable, Equatable {
        /// `GET path` at the address that the log names for `what`.
        case logged(what: String, path: String)
        /// `GET path` at a fixed address.
        case answers(address: String, path: String)
        case started
    }

    /// Of the log file, and in messages.
    package let name: String
    package let executable: String
    package let arguments: [String]
    package let readiness: Readiness
}
