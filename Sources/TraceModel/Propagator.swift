/// Reads a trace context from request headers and writes one into them.
///
/// Reading goes through the formats in order; the first that names a trace wins, so with the default order
/// `x-hms-trace-id` wins over `traceparent`, and that over B3. A later format that names the same trace fills in what the
/// winner left open (parent, flags, tracestate); one that names another trace becomes a link and a counted conflict.
public struct Propagator: Sendable {
    /// Formats to read, the strongest first.
    public var reads: [PropagationFormat]
    public var writes: Set<WrittenFormat>

    public enum WrittenFormat: String, CaseIterable, Sendable {
        case hms
        case w3c
        case b3Single = "b3"
        case b3Multi = "b3multi"
    }

    public init(reads: [PropagationFormat] = [.hms, .w3c, .b3], writes: Set<WrittenFormat> = [.hms, .w3c]) {
        self.reads = reads
        self.writes = writes
    }

    public func extract(_ headers: some HeaderCarrier) -> Extraction {
        extract { headers.headerValues($0) }
    }

    /// `values` is asked for all values of a header, by its lower-case name.
    public func extract(_ values: (String) -> [String]) -> Extraction {
        withoutActuallyEscaping(values) { extractContext($0) }
    }

    private func extractContext(_ values: @escaping (String) -> [String]) -> Extraction {
        var extraction = Extraction()
        var winner: CandidateContext?
        for format in reads {
            var reader = HeaderReader(values: values)
            let candidate =
                switch format {
                case .hms: reader.readHMS()
                case .w3c: reader.readW3C()
                case .b3: reader.readB3()
                }
            extraction.problems += reader.problems
            if let decision = reader.samplingDecision, extraction.samplingDecision == nil {
                extraction.samplingDecision = decision
            }
            guard let candidate else { continue }
            guard var current = winner else {
                winner = candidate
                extraction.source = format
                continue
            }
            if candidate.traceID == current.traceID {
                current.complete(with: candidate)
                winner = current
            } else {
                extraction.problems.append(PropagationProblem(candidate.header, .conflict))
                let link = candidate.context
                if !extraction.links.contains(where: { $0.traceID == link.traceID && $0.spanID == link.spanID }) {
                    extraction.links.append(link)
                }
            }
        }
        extraction.context = winner?.context
        if winner != nil { extraction.samplingDecision = nil }
        return extraction
    }

    /// Hands over each header to set. Headers of `PropagationHeader.all` that the request has already must be removed by
    /// the caller, so that a forwarded request does not name two parents.
    public func inject(_ context: TraceContext, into set: (_ name: String, _ value: String) -> Void) {
        guard !context.traceID.isZero else { return }
        let trace = context.traceID.description
        guard let spanID = context.spanID, !spanID.isZero else {
            // No span to be a child of: only our own header can name a trace alone.
            if writes.contains(.hms) { set(PropagationHeader.hms, trace) }
            return
        }
        let span = spanID.description
        if writes.contains(.hms) { set(PropagationHeader.hms, "\(trace)-\(span)-\(context.flags)") }
        if writes.contains(.w3c) {
            set(PropagationHeader.traceparent, "00-\(trace)-\(span)-\(context.flags)")
            if !context.traceState.isEmpty { set(PropagationHeader.tracestate, context.traceState.description) }
        }
        let sampled = context.isSampled ? "1" : "0"
        if writes.contains(.b3Single) { set(PropagationHeader.b3, "\(trace)-\(span)-\(sampled)") }
        if writes.contains(.b3Multi) {
            set(PropagationHeader.b3TraceID, trace)
            set(PropagationHeader.b3SpanID, span)
            set(PropagationHeader.b3Sampled, sampled)
        }
    }
}

/// What one format says, with what it left open.
struct CandidateContext: Equatable {
    /// The header that names the trace.
    var header: String
    var traceID: TraceID
    var spanID: SpanID?
    var flags: TraceFlags?
    var traceState = TraceState()

    /// Takes over from a weaker header of the same trace what this one left open.
    mutating func complete(with other: CandidateContext) {
        spanID = spanID ?? other.spanID
        flags = flags ?? other.flags
        if traceState.isEmpty { traceState = other.traceState }
    }

    /// A sender that says nothing about recording wants its trace to be seen.
    var context: TraceContext {
        TraceContext(traceID: traceID, spanID: spanID, flags: flags ?? .sampled, traceState: traceState)
    }
}
