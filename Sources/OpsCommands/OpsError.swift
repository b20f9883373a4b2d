package import Access
package import EventLoop
import Glibc
package import HTTP
import JSON
package import SegmentStore
package import OTLPFiles
package import StoreBackup
package import TLS
package import TraceModel
package import WireFormat

/// Why a command could not do what it was asked, and what to do about it.
package enum OpsError: Error, CustomStringConvertible {
    case usage(UsageError)
    case addressInUse(SocketAddress, purpose: String, option: String)
    case cannotListen(SocketAddress, purpose: String, SystemError)
    case programMissing(String, directory: String)
    case cannotStart(String, code: Int32)
    case ended(program: String, status: Int32, log: String, tail: String)
    case notReady(program: String, after: Duration, log: String, tail: String)
    case cannotConnect(SocketAddress, SystemError)
    case file(String, operation: String, code: Int32)
    /// Where a new file was to be made.
    case fileExists(String)
    case noHome
    case noAnswer(HTTPClientError)
    case security(TLSError)
    case key(ClientKeyUnusable)
    case keys(KeyFileEdit.Problem)
    case audit(AuditProblem)
    case refused(address: String, status: Int, body: String)
    /// The collector's answer to a query that it cannot read, JSON.
    case query(String)
    case malformedTrace(TraceID, WireError)
    case malformedAnswer(address: String, path: String, reason: String)
    case traceNotFound(TraceID, collector: String)
    case store(StoreError)
    case noLoop(SystemError)
    case telemetryFile(OTLPFileError)
    case backup(BackupError)
    /// Where a store was meant.
    case isBackup(String)

    package var exitCode: ExitCode {
        switch self {
        case .usage, .query: .usage
        case .traceNotFound: .negative
        default: .failure
        }
    }

    package var description: String {
        switch self {
        case .usage(let error):
            error.description
        case .addressInUse(let address, let purpose, _):
            "port \(address.port) (\(purpose), \(address)) is in use by another program"
        case .cannotListen(let address, let purpose, let error):
            "cannot listen on \(address) (\(purpose)): \(error.reason)"
        case .programMissing(let name, let directory):
            "there is no \(name) in \(directory), beside hms-ops"
        case .cannotStart(let path, let code):
            "cannot start \(path): \(String(cString: strerror(code)))"
        case .ended(let program, let status, let log, let tail):
            "\(program) \(Self.ending(status)); the end of \(log):\n\(Self.indented(tail))"
        case .notReady(let program, let after, let log, let tail):
            "\(program) is not ready after \(after.components.seconds) s; the end of \(log):\n\(Self.indented(tail))"
        case .cannotConnect(let address, let error):
            "cannot reach \(address): \(error.reason)"
        case .file(let path, let operation, let code):
            "cannot \(operation) \(path): \(String(cString: strerror(code)))"
        case .fileExists(let path):
            "\(path) is there already"
        case .noHome:
            "neither XDG_STATE_HOME nor HOME is set, so there is no place for the data"
        case .noAnswer(let error):
            error.description
        case .security(let error):
            error.description
        case .key(let error):
            error.description
        case .keys(let problem):
            problem.description
        case .audit(let problem):
            problem.description
        case .refused(let address, let status, let body):
            "\(address) answered HTTP \(status): \(body.withoutControls)"
        case .query(let body): Self.queryFault(body)
        case .malformedTrace(let id, let error):
            "the collector's answer for trace \(id) is not OTLP: \(error)"
        case .malformedAnswer(let address, let path, let reason):
            "what \(address) answers at \(path) cannot be read: \(reason)"
        case .traceNotFound(let id, let collector):
            "the collector at \(collector) has no trace \(id)"
        case .store(let error):
            error.description
        case .noLoop(let error):
            "cannot wait for answers: \(error)"
        case .telemetryFile(let error):
            error.description.withoutControls
        case .backup(let error):
            error.description
        case .isBackup(let directory):
            "'\(directory)' is a backup, not a store"
        }
    }

    /// What to do about it; nil where the description says all.
    package var hint: String? {
        switch self {
        case .addressInUse(let address, _, let option):
            "stop that program (`ss -ltnup 'sport = :\(address.port)'` names it), or choose another: \(option) ADDRESS"
        case .programMissing:
            "build it: make build"
        case .query(let body):
            Self.queryHint(body)
        case .fileExists:
            "choose another name, or write over it: --force"
        case .noHome:
            "name a directory: --data DIR"
        case .noAnswer(let error):
            if case .notHTTP2 = error.reason {
                "is this the collector's console address? It is 127.0.0.1:9090 where nothing else was chosen"
            } else {
                "is the collector running there? hms-ops check finds out; --collector ADDRESS names another"
            }
        case .traceNotFound:
            "it may not have arrived yet, be older than the retention time, or be in another collector: "
                + "hms-ops check shows whether spans get through"
        case .malformedAnswer:
            "are hms-ops and the program of the same version? hms-ops --version, and the program's --version, tell"
        case .backup(let error):
            error.hint
        case .isBackup:
            "hms-ops restore DIRECTORY --store NEW compares every file of it with the manifest"
        case .refused(_, 401, _):
            "it asks for a key: --key-file FILE"
        case .refused(_, 403, _):
            "show another key: --key-file FILE; hms-ops key list tells what each is good for"
        case .security, .key, .keys, .audit, .refused, .malformedTrace, .usage, .cannotListen, .cannotStart, .ended,
            .notReady, .cannotConnect, .file, .store, .noLoop, .telemetryFile:
            nil
        }
    }

    /// Reads a status of waitpid.
    private static func ending(_ status: Int32) -> String {
        let signal = status & 0x7F
        return signal == 0 ? "ended with exit code \(status >> 8 & 0xFF)" : "was ended by signal \(signal)"
    }

    private static func indented(_ text: String) -> String {
        text.isEmpty ? "    (empty)" : text.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
    }
}

extension OpsError {
    fileprivate static func queryFault(_ body: String) -> String {
        guard let error = (try? JSONParser.parse(Array(body.utf8)))?["error"],
            let message = error["message"]?.string?.withoutControls
        else { return "the collector cannot read the query: \(body.withoutControls)" }
        return "the query cannot be read: \(message)"
    }

    fileprivate static func queryHint(_ body: String) -> String? {
        (try? JSONParser.parse(Array(body.utf8)))?["error"]?["hint"]?.string?.withoutControls
    }
}
