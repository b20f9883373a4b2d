import COpenSSL
import Glibc

/// Takes OpenSSL's error queue of this thread and tells its first entry: the ones behind it only say who passed it on.
func takeReason() -> String? {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0 else { return nil }
    if let reason = ERR_reason_error_string(code) { return String(cString: reason) }
    return "error \(code)"
}

/// Throws when `result`, OpenSSL's usual 1 for success, is anything else.
func checkOpenSSL(_ operation: @autoclosure () -> String, _ result: Int32) throws(TLSError) {
    guard result != 1 else { return }
    throw .library(operation: operation(), reason: takeReason() ?? "no reason given")
}

/// Runs `load` on a file that the kernel lets us read, and names file and reason when either says no.
func loadFile(_ role: TLSError.FileRole, _ path: String, _ load: (String) -> Int32) throws(TLSError) {
    guard access(path, R_OK) == 0 else {
        let code = errno
        throw .unusableFile(role, path: path, reason: String(cString: strerror(code)))
    }
    ERR_clear_error()
    guard load(path) != 1 else { return }
    throw .unusableFile(role, path: path, reason: takeReason() ?? "no reason given")
}
