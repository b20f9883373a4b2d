/// Who a request was found to come from. There is one object for each key, so that a request carries it without a copy.
package final class RequestIdentity: Sendable {
    /// Of the key.
    package let name: String

    package init(name: String) { self.name = name }
}
