package import EventLoop
package import HTTP
package import SelfTelemetry
import Synchronization

extension MetricRegistry {
    /// Publishes how much of the process's byte budget is in use.
    package func add(_ budget: ByteBudget, program: String) {
        gauge(
            "\(program)_budget_bytes", help: "Bytes of requests, answers and queues that are held.",
            read: { Double(budget.used) })
        gauge(
            "\(program)_budget_limit_bytes", help: "Bytes that may be held; follows from memory.max.",
            read: { Double(budget.limit) })
    }

    /// Publishes what the server behind one door counts.
    package func add(_ counters: HTTPServerCounters, program: String, door: String) {
        counter(
            "\(program)_connections_total", help: "Connections that were accepted.", labels: ["door": door],
            read: { counters.connections.load(ordering: .relaxed) })
        gauge(
            "\(program)_open_connections", help: "Connections that are open.", labels: ["door": door],
            read: { Double(counters.openConnections.load(ordering: .relaxed)) })
        counter(
            "\(program)_http_requests_total", help: "Requests, by version of HTTP.",
            labels: ["door": door, "version": "1.1"], read: { counters.http1Requests.load(ordering: .relaxed) })
        counter(
            "\(program)_http_requests_total", help: "Requests, by version of HTTP.",
            labels: ["door": door, "version": "2"], read: { counters.http2Requests.load(ordering: .relaxed) })
        counter(
            "\(program)_http_received_bytes_total", help: "Bytes read from connections.", labels: ["door": door],
            read: { counters.bytesReceived.load(ordering: .relaxed) })
        counter(
            "\(program)_http_sent_bytes_total", help: "Bytes written to connections.", labels: ["door": door],
            read: { counters.bytesSent.load(ordering: .relaxed) })
        gauge(
            "\(program)_http_buffered_bytes", help: "Bytes of bodies that are being received.", labels: ["door": door],
            read: { Double(counters.bufferedBytes.load(ordering: .relaxed)) })
        for reason in HTTPRefusal.allCases {
            counter(
                "\(program)_http_refusals_total", help: "Connections and requests turned away by a limit, by reason.",
                labels: ["door": door, "reason": reason.rawValue], read: { counters.refused(reason) })
        }
    }
}
