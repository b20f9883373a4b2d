/// Reads the headers of one format and notes what is wrong with them.
struct HeaderReader {
    /// More values than this, or longer ones, are not read at all.
    static let maximumValues = 8
    static let maximumValueBytes = 512

    typealias Reason = PropagationProblem.Reason

    private let values: (String) -> [String]
    private(set) var problems: [PropagationProblem] = []
    /// B3 can say whether to record without naming a trace.
    private(set) var samplingDecision: Bool?

    init(values: @escaping (String) -> [String]) { self.values = values }

    // MARK: x-hms-trace-id

    /// `<16 or 32 hex trace id>[-<16 hex parent>[-<2 hex flags>]]`, either case.
    mutating func readHMS() -> CandidateContext? {
        read(PropagationHeader.hms) { (text) throws(InvalidHeader) in
            let parts = text.split(separator: "-", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count <= 3 else { throw InvalidHeader(.malformed) }
            return CandidateContext(
                header: PropagationHeader.hms, traceID: try Self.traceID(parts[0]),
                spanID: parts.count > 1 ? try Self.spanID(parts[1]) : nil,
                flags: parts.count > 2 ? try Self.flags(parts[2], letters: .eitherCase) : nil)
        }
    }

    // MARK: traceparent, tracestate

    /// W3C Trace Context, 3.2: `version-traceid-parentid-flags`, lower case; a later version may have more behind a dash.
    mutating func readW3C() -> CandidateContext? {
        let parent = read(PropagationHeader.traceparent) { (text) throws(InvalidHeader) in
            let utf8 = text.utf8
            let parts = text.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)
            guard parts.count >= 4, parts[0].utf8.count == 2,
                let version = Hexadecimal.parse(parts[0].utf8, letters: .lowerOnly), version != 0xFF,
                version == 0 ? utf8.count == 55 && parts.count == 4 : utf8.count >= 55,
                let traceID = TraceID(digits: parts[1].utf8, letters: .lowerOnly),
                let spanID = SpanID(digits: parts[2].utf8, letters: .lowerOnly)
            else { throw InvalidHeader(.malformed) }
            guard !traceID.isZero else { throw InvalidHeader(.zeroTraceID) }
            guard !spanID.isZero else { throw InvalidHeader(.zeroSpanID) }
            var flags = try Self.flags(parts[3], letters: .lowerOnly)
            // Of a version we do not know, only the bit that all versions share is taken.
            if version != 0 { flags.formIntersection(.sampled) }
            return CandidateContext(
                header: PropagationHeader.traceparent, traceID: traceID, spanID: spanID, flags: flags)
        }
        guard var parent else { return nil }
        let states = values(PropagationHeader.tracestate)
        guard !states.isEmpty else { return parent }
        do throws(TraceStateError) {
            parent.traceState = try TraceState(headers: states)
        } catch {
            switch error {
            case .malformedMember: note(PropagationHeader.tracestate, .malformed)
            case .repeatedKey: note(PropagationHeader.tracestate, .contradicting)
            case .tooManyMembers, .tooLong: note(PropagationHeader.tracestate, .tooLong)
            }
        }
        return parent
    }

    // MARK: b3

    /// The single header where it is there and good, else the several ones.
    mutating func readB3() -> CandidateContext? {
        if let single = read(PropagationHeader.b3, parse: Self.parseB3) {
            switch single {
            case .context(let candidate): return candidate
            case .decision(let decision):
                samplingDecision = decision
                return nil
            }
        }
        return readMultiB3()
    }

    private enum SingleB3: Equatable {
        case context(CandidateContext)
        case decision(Bool)
    }

    /// `trace-span[-(0|1|d)[-parent]]`, or the sampling state alone.
    private static func parseB3(_ text: Substring) throws(InvalidHeader) -> SingleB3 {
        if let decision = sampling(text) { return .decision(decision) }
        let parts = text.split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false)
        guard (2...4).contains(parts.count) else { throw InvalidHeader(.malformed) }
        var candidate = CandidateContext(header: PropagationHeader.b3, traceID: try traceID(parts[0]))
        candidate.spanID = try spanID(parts[1])
        if parts.count > 2 {
            guard let sampled = sampling(parts[2]) else { throw InvalidHeader(.malformed) }
            candidate.flags = sampled ? .sampled : []
        }
        // The parent's parent is of no use here, but a bad one shows that the header is damaged.
        if parts.count > 3 { _ = try spanID(parts[3]) }
        return .context(candidate)
    }

    private mutating func readMultiB3() -> CandidateContext? {
        let sampled = read(PropagationHeader.b3Sampled) { (text) throws(InvalidHeader) in
            switch text {
            case "1", "true": true
            case "0", "false": false
            default: throw InvalidHeader(.malformed)
            }
        }
        let isDebug = read(PropagationHeader.b3Flags) { (text) throws(InvalidHeader) in
            switch text {
            case "1": true
            case "0": false
            default: throw InvalidHeader(.malformed)
            }
        }
        let decision = isDebug == true ? true : sampled
        let countBefore = problems.count
        let traceID = read(PropagationHeader.b3TraceID, parse: Self.traceID)
        let spanID = read(PropagationHeader.b3SpanID, parse: Self.spanID)
        _ = read(PropagationHeader.b3ParentSpanID, parse: Self.spanID)
        guard let traceID, let spanID else {
            // One of the two alone: say so, unless a worse reason is noted already.
            if traceID != nil || spanID != nil, problems.count == countBefore {
                note(traceID != nil ? PropagationHeader.b3TraceID : PropagationHeader.b3SpanID, .incomplete)
            }
            samplingDecision = decision
            return nil
        }
        return CandidateContext(
            header: PropagationHeader.b3TraceID, traceID: traceID, spanID: spanID,
            flags: decision.map { $0 ? .sampled : [] })
    }

    // MARK: Parts

    /// Parses each value of a header, also those that a proxy joined with commas; all must agree.
    private mutating func read<Value: Equatable>(
        _ header: String, parse: (Substring) throws(InvalidHeader) -> Value
    ) -> Value? {
        let texts = values(header)
        guard !texts.isEmpty else { return nil }
        guard texts.count <= Self.maximumValues, texts.allSatisfy({ $0.utf8.count <= Self.maximumValueBytes }) else {
            note(header, .tooLong)
            return nil
        }
        let pieces = texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        guard pieces.count <= Self.maximumValues else {
            note(header, .tooLong)
            return nil
        }
        do throws(InvalidHeader) {
            var agreed: Value?
            for piece in pieces {
                let value = try parse(trimmingBlanks(piece))
                guard agreed == nil || agreed == value else { throw InvalidHeader(.contradicting) }
                agreed = value
            }
            return agreed
        } catch {
            note(header, error.reason)
            return nil
        }
    }

    private mutating func note(_ header: String, _ reason: Reason) {
        problems.append(PropagationProblem(header, reason))
    }

    /// 32 digits, or 16 that get zeros in front.
    private static func traceID(_ text: Substring) throws(InvalidHeader) -> TraceID {
        let id =
            if text.utf8.count == 16 {
                Hexadecimal.parse(text.utf8).map { TraceID(high: 0, low: $0) }
            } else {
                TraceID(digits: text.utf8, letters: .eitherCase)
            }
        guard let id else { throw InvalidHeader(.malformed) }
        guard !id.isZero else { throw InvalidHeader(.zeroTraceID) }
        return id
    }

    private static func spanID(_ text: Substring) throws(InvalidHeader) -> SpanID {
        guard let id = SpanID(digits: text.utf8, letters: .eitherCase) else { throw InvalidHeader(.malformed) }
        guard !id.isZero else { throw InvalidHeader(.zeroSpanID) }
        return id
    }

    private static func flags(_ text: Substring, letters: Hexadecimal.Letters) throws(InvalidHeader) -> TraceFlags {
        guard text.utf8.count == 2, let value = Hexadecimal.parse(text.utf8, letters: letters) else {
            throw InvalidHeader(.malformed)
        }
        return TraceFlags(rawValue: UInt8(truncatingIfNeeded: value)).intersection(.known)
    }

    /// `d` is debug: recorded, and more so.
    private static func sampling(_ text: Substring) -> Bool? {
        switch text {
        case "1", "d": true
        case "0": false
        default: nil
        }
    }
}

/// Why one header's value cannot be used.
struct InvalidHeader: Error, Equatable {
    var reason: PropagationProblem.Reason
    init(_ reason: PropagationProblem.Reason) { self.reason = reason }
}
