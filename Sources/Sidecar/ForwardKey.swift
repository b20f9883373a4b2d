import HTTP
import SelfTelemetry
import Synchronization

/// The key that the sidecar shows to its collectors. Read from a file at start and again on SIGHUP; asked on the forwarding
/// loop.
final class ForwardKey: Sendable {
    private let file: String
    private let header: Mutex<String>

    init(file: String) throws(ClientKeyUnusable) {
        self.file = file
        header = Mutex(try ClientKey(file: file).header.value)
    }

    /// What the `authorization` header says.
    var authorization: String { header.withLock { $0 } }

    /// Takes the file as it is now; where it cannot be used, the key in force stays.
    func reload(telling log: Log) {
        do throws(ClientKeyUnusable) {
            let fresh = try ClientKey(file: file).header.value
            header.withLock { $0 = fresh }
            log.info("forward_key_reloaded", "the key for the collector was read again", ["file": file])
        } catch {
            log.error("forward_key_reload_failed", "the key in force stays", ["reason": error.description])
        }
    }
}
