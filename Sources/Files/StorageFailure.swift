import Glibc

/// A file operation that failed, with the kernel's reason.
package struct StorageFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package var operation: String
    package var path: String
    package var code: Int32

    package init(_ operation: String, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    package var description: String { "\(operation) '\(path)' failed: \(String(cString: strerror(code)))" }
}
