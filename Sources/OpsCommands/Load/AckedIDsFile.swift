import CLinux
import Glibc

/// Writes the traces that were acknowledged, one line each: the id in hexadecimal digits, a space, the number of spans.
enum AckedIDsFile {
    static func write(
        _ acked: AckedRequests, template: RequestTemplate, ids: LoadIDs, to path: String
    ) throws(OpsError) {
        let descriptor = hms_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw .file(path, operation: "write ids to", code: errno) }
        defer { close(descriptor) }
        var buffer: [UInt8] = []
        for range in acked.ranges {
            for number in range {
                for (id, spans) in template.traces(of: number, ids: ids) {
                    buffer.append(contentsOf: "\(id) \(spans)\n".utf8)
                }
                if buffer.count > 1 << 20 { try flush(&buffer, descriptor, path) }
            }
        }
        try flush(&buffer, descriptor, path)
    }

    private static func flush(_ buffer: inout [UInt8], _ descriptor: Int32, _ path: String) throws(OpsError) {
        var offset = 0
        while offset < buffer.count {
            let count = buffer[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            let code = errno
            if count > 0 {
                offset += count
            } else if code != EINTR {
                throw .file(path, operation: "write ids to", code: code)
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
