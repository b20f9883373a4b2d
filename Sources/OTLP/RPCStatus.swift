/// A google.rpc.Status: why a request failed and, if the answer says so, when to try again.
package struct RPCStatus: Sendable, Hashable {
    /// The code as it stands on the wire; gRPC may add some that `GRPCStatus` does not know.
    package var code: Int32
    package var message: String
    package var retryAfter: Duration?

    package init(code: Int32, message: String = "", retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    package var status: GRPCStatus { GRPCStatus(rawValue: Int(code)) ?? .unknown }
}
