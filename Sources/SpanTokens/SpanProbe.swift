/// Asks each span of a message which of some wanted tokens it has. Cheaper than decoding: only tokens are compared.
package struct SpanProbe: ~Copyable {
    /// What is asked, made ready once for all frames of a segment.
    package struct Questions: Sendable {
        fileprivate let tokens: SpanToken
        fileprivate let count: Int
        /// A filter in front of `wanted`: nearly all tokens of spans are wanted by nobody.
        fileprivate var filter = [UInt64](repeating: 0, count: 64)
        fileprivate var wanted: [UInt64: [Int]] = [:]
        fileprivate let wantsAttributes: Bool
        /// A filter of the keys in question: what other attributes say need not be hashed.
        fileprivate var keys = [UInt64](repeating: 0, count: 64)

        /// - Parameters:
        ///   - questions: for each, the tokens of which a span needs one.
        ///   - keys: of the attributes that questions are about.
        package init(_ tokens: SpanToken, questions: [[UInt64]], keys: [String]) {
            self.tokens = tokens
            count = questions.count
            wantsAttributes = !keys.isEmpty
            for key in keys {
                let hash = tokens.hash(of: key)
                self.keys[Int(hash >> 58)] |= 1 << (hash >> 52 & 63)
            }
            for (number, tokens) in questions.enumerated() {
                for token in tokens {
                    wanted[token, default: []].append(number)
                    filter[Int(token >> 58)] |= 1 << (token >> 52 & 63)
                }
            }
        }
    }

    private let filter: [UInt64]
    private let wanted: [UInt64: [Int]]
    /// For each question: the last span, scope and resource that answered yes.
    private var bySpan: [UInt32]
    private var byScope: [UInt32]
    private var byResource: [UInt32]
    private var spanNumber: UInt32 = 1
    private var scopeNumber: UInt32 = 1
    private var resourceNumber: UInt32 = 1
    private var walk: SpanWalk
    private var admits: (((Int) -> Bool) -> Bool)?
    private var body: ((SpanFacts, (Int) -> Bool) -> Void)?
    let wantsAttributes: Bool
    private let keys: [UInt64]

    package init(_ questions: Questions) {
        walk = SpanWalk(questions.tokens)
        wantsAttributes = questions.wantsAttributes
        (filter, wanted, keys) = (questions.filter, questions.wanted, questions.keys)
        bySpan = [UInt32](repeating: 0, count: questions.count)
        byScope = bySpan
        byResource = bySpan
    }

    /// Calls `body` with each span and a way to learn whether it has a token of a question.
    ///
    /// - Parameter admits: whether spans of a resource are of interest, from the questions that the resource has tokens of.
    package mutating func walk(
        _ message: UnsafeRawBufferPointer, admits: @escaping ((Int) -> Bool) -> Bool = { _ in true },
        _ body: @escaping (SpanFacts, (Int) -> Bool) -> Void
    ) {
        self.body = body
        self.admits = admits
        var walk = self.walk
        walk.walk(message, into: &self)
        self.body = nil
        self.admits = nil
    }

    @inline(__always)
    private func isWanted(_ token: UInt64) -> Bool {
        filter[Int(truncatingIfNeeded: token &>> 58)] &>> (token &>> 52 & 63) & 1 == 1
    }
}

extension SpanProbe: TokenSink {
    mutating func beginResource() {
        resourceNumber &+= 1
        scopeNumber &+= 1
    }

    mutating func resourceToken(_ token: UInt64) {
        guard isWanted(token), let questions = wanted[token] else { return }
        for question in questions { byResource[question] = resourceNumber }
    }

    mutating func admitsSpans() -> Bool {
        admits?({ question in byResource[question] == resourceNumber }) ?? true
    }

    @inline(__always)
    func wants(keyHash: UInt64) -> Bool {
        keys[Int(truncatingIfNeeded: keyHash &>> 58)] &>> (keyHash &>> 52 & 63) & 1 == 1
    }

    mutating func beginScope() { scopeNumber &+= 1 }

    mutating func scopeToken(_ token: UInt64) {
        guard isWanted(token), let questions = wanted[token] else { return }
        for question in questions { byScope[question] = scopeNumber }
    }

    @inline(__always)
    mutating func spanToken(_ token: UInt64) {
        guard isWanted(token), let questions = wanted[token] else { return }
        for question in questions { bySpan[question] = spanNumber }
    }

    mutating func span(_ facts: SpanFacts) {
        body?(facts) { question in
            bySpan[question] == spanNumber || byScope[question] == scopeNumber
                || byResource[question] == resourceNumber
        }
        spanNumber &+= 1
    }

    mutating func endResource() {}
}
