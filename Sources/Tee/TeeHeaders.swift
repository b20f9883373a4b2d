package import SelfTelemetry
import Files
import Synchronization

/// What every request to the other backend says besides, such as its key: lines `name: value` of a file, read at start and
/// again on SIGHUP. Asked on the tee's loop.
package final class TeeHeaders: Sendable {
    package struct Unusable: Error, CustomStringConvertible {
        package let file: String
        package let reason: String
        package var description: String { "the headers in '\(file)' cannot be used: \(reason)" }
    }

    private static let longestFile = 64 << 10
    private let file: String
    private let headers: Mutex<[(String, String)]>

    package init(file: String) throws(Unusable) {
        self.file = file
        headers = Mutex(try Self.read(file))
    }

    package var fields: [(String, String)] { headers.withLock { $0 } }

    /// Takes the file as it is now; where it cannot be used, what is in force stays.
    package func reload(telling log: Log) {
        do throws(Unusable) {
            let fresh = try Self.read(file)
            headers.withLock { $0 = fresh }
            log.info("tee_headers_reloaded", "the headers for the other backend were read again", ["file": file])
        } catch {
            log.error("tee_headers_reload_failed", "the headers in force stay", ["reason": error.description])
        }
    }

    private static func read(_ path: String) throws(Unusable) -> [(String, String)] {
        var bytes: [UInt8] = []
        do throws(StorageFailure) {
            try ReadFile(path).read(longestFile, at: 0, into: &bytes)
        } catch {
            throw Unusable(file: path, reason: "\(error)")
        }
        do throws(Fault) {
            return try parse(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw Unusable(file: path, reason: error.reason)
        }
    }

    struct Fault: Error, Equatable { let reason: String }

    /// Empty lines and those that begin with `#` say nothing. Values are never told, as they are secrets.
    static func parse(_ text: String) throws(Fault) -> [(String, String)] {
        var headers: [(String, String)] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let trimmed = trim(line)
            guard !trimmed.isEmpty, !trimmed.hasPrefix("#") else { continue }
            guard let colon = trimmed.firstIndex(of: ":") else {
                throw Fault(reason: "line \(index + 1) is not 'name: value'")
            }
            let name = trim(trimmed[..<colon]).lowercased()
            let value = trim(trimmed[trimmed.index(after: colon)...])
            guard !name.isEmpty, name.utf8.allSatisfy(isNameByte) else {
                throw Fault(reason: "line \(index + 1) has no valid name of a header")
            }
            guard value.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) else {
                throw Fault(reason: "the value in line \(index + 1) is not printable ASCII")
            }
            guard !reserved.contains(name) else {
                throw Fault(reason: "line \(index + 1) sets '\(name)', which the request itself decides")
            }
            headers.append((name, String(value)))
        }
        return headers
    }

    private static let reserved: Set<String> = [
        "content-type", "content-length", "content-encoding", "transfer-encoding", "host", "connection", "te",
        "grpc-encoding", "x-hms-sender", "x-hms-sequence",
    ]

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" || last == "\r" || last == "\r\n" { text.removeLast() }
        return text
    }
}
