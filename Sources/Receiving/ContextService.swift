package import HTTP
import JSON
package import TraceModel

/// `POST /v1/context`: the headers of an incoming request in, those for outgoing ones out, so that a script or a language
/// without a library can carry a trace on. Everything else goes to the service behind it. Lives on its server's loop.
///
/// Incoming headers come as a JSON object in the body, or as the headers of the request itself; those in the body win. Without
/// any a new trace begins. The answer names the trace, the span that the caller is to record as its own (`span_id`) and that
/// span's parent.
package final class ContextService: HTTPService {
    private static let path = "/v1/context"
    private static let maximumBodyBytes = 64 << 10

    private let next: any HTTPService
    private let propagator: Propagator

    package init(next: any HTTPService, propagator: Propagator = Propagator()) {
        self.next = next
        self.propagator = propagator
    }

    package func admit(_ head: RequestHead) -> HTTPResponse? {
        guard head.path == Self.path, !IngestRoute.isGRPC(head) else { return next.admit(head) }
        guard head.method == "POST" else {
            var response = HTTPResponse.text(405, "use POST\n")
            response.headers.add("allow", "POST")
            return response
        }
        return nil
    }

    package func refusal(_ head: RequestHead, status: Int, reason: String) -> HTTPResponse {
        head.path == Self.path ? .text(status, reason + "\n") : next.refusal(head, status: status, reason: reason)
    }

    package func serve(_ exchange: HTTPExchange) {
        guard exchange.head.path == Self.path, !IngestRoute.isGRPC(exchange.head) else { return next.serve(exchange) }
        guard let given = Self.headers(exchange.body) else {
            return exchange.respond(
                Self.failure(
                    400, "the body is to be empty or a JSON object of headers such as {\"traceparent\":\"00-…\"}"))
        }
        let extraction = propagator.extract { name in
            let own = given.filter { $0.name == name }.map(\.value)
            return own.isEmpty ? exchange.head.headers.values(name) : own
        }
        exchange.respond(answer(extraction, asText: exchange.head.headers["accept"]?.hasPrefix("text/plain") == true))
    }

    private struct Header {
        let name: String
        let value: String
    }

    /// Nil if the body is none that we understand.
    private static func headers(_ body: [UInt8]) -> [Header]? {
        guard body.contains(where: { $0 > 0x20 }) else { return [] }
        guard body.count <= maximumBodyBytes, let json = try? JSONParser.parse(body, depthLimit: 4),
            let members = json["headers"]?.members ?? json.members
        else { return nil }
        var headers: [Header] = []
        for member in members {
            for value in member.value.array ?? [member.value] {
                guard let text = value.string else { return nil }
                headers.append(Header(name: member.key.lowercased(), value: text))
            }
        }
        return headers
    }

    private func answer(_ extraction: Extraction, asText: Bool) -> HTTPResponse {
        let incoming = extraction.context
        var outgoing = TraceContext(
            traceID: incoming?.traceID ?? .random(), spanID: .random(),
            flags: incoming?.flags ?? (extraction.samplingDecision == false ? [] : .sampled))
        outgoing.traceState = incoming?.traceState ?? TraceState()
        var headers: [Header] = []
        propagator.inject(outgoing) { headers.append(Header(name: $0, value: $1)) }
        if asText {
            return .text(200, headers.map { "\($0.name): \($0.value)\n" }.joined())
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("trace_id")
            writer.string(outgoing.traceID.description)
            writer.key("span_id")
            writer.string(outgoing.spanID?.description ?? "")
            writer.key("parent_span_id")
            writer.string(incoming?.spanID?.description ?? "")
            writer.key("sampled")
            writer.bool(outgoing.isSampled)
            writer.key("headers")
            writer.object { writer in
                for header in headers {
                    writer.key(header.name)
                    writer.string(header.value)
                }
            }
            writer.key("problems")
            writer.array { writer in for problem in extraction.problems { writer.string(problem.description) } }
            writer.key("links")
            writer.array { writer in
                for link in extraction.links {
                    writer.object { writer in
                        writer.key("trace_id")
                        writer.string(link.traceID.description)
                        writer.key("span_id")
                        writer.string(link.spanID?.description ?? "")
                    }
                }
            }
        }
        return HTTPResponse(
            status: 200, headers: HTTPHeaders([("content-type", "application/json")]), body: writer.bytes)
    }

    private static func failure(_ status: Int, _ reason: String) -> HTTPResponse {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("error")
            writer.object { writer in
                writer.key("code")
                writer.string("bad_request")
                writer.key("message")
                writer.string(reason)
            }
        }
        return HTTPResponse(
            status: status, headers: HTTPHeaders([("content-type", "application/json")]), body: writer.bytes)
    }
}
