import Glibc

/// A call to the kernel that failed: which one, on what, and the kernel's reason.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    package var operation: String
    package var code: Int32

    package init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    package var reason: String { String(cString: strerror(code)) }
    package var description: String { "\(operation): \(reason)" }
}

/// Returns what the call returned, or throws `errno` when it is negative. `errno` is read before anything else can run.
@discardableResult
func check(_ operation: @autoclosure () -> String, _ result: Int32) throws(SystemError) -> Int32 {
    guard result < 0 else { return result }
    let code = errno
    throw SystemError(operation(), code: code)
}
