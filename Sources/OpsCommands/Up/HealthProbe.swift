import EventLoop
import Glibc

/// Asks a program whether it is healthy, by one small HTTP/1.1 request.
enum HealthProbe {
    /// Whether `GET path` is answered with 200 within a second.
    static func isHealthy(_ address: String, path: String) -> Bool {
        guard let parsed = try? SocketAddress(parsing: address),
            let connection = try? BlockingConnection(to: parsed, timeout: .seconds(1))
        else { return false }
        let request = "GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
        guard (try? connection.send(Array(request.utf8))) != nil else { return false }
        var answer: [UInt8] = []
        while answer.count < 12, let read = try? connection.receive(into: &answer), read > 0 {}
        return String(decoding: answer.prefix(12), as: UTF8.self) == "HTTP/1.1 200"
    }
}
