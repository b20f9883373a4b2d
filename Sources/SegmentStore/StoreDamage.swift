/// A place in a store's files that is not what was written there.
package struct StoreDamage: Sendable, Equatable {
    /// The file's name within the store's directory.
    package var file: String
    package var offset: Int
    package var length: Int
    package var reason: String

    package init(file: String, offset: Int, length: Int, reason: String) {
        self.file = file
        self.offset = offset
        self.length = length
        self.reason = reason
    }
}
