/// Walks spans for their facts alone.
package struct SpanFactsWalk: ~Copyable {
    /// No token leaves it; hashes of names do.
    private static let tokens = SpanToken(salt: .random(in: .min ... .max))
    private var walk = SpanWalk(tokens)
    private var body: ((SpanFacts) -> Void)?

    package init() {}

    package mutating func walk(_ message: UnsafeRawBufferPointer, _ body: (SpanFacts) -> Void) {
        withoutActuallyEscaping(body) { body in
            self.body = body
            var walk = self.walk
            walk.walk(message, into: &self)
            self.body = nil
        }
    }
}

extension SpanFactsWalk: TokenSink {
    mutating func beginResource() {}
    mutating func admitsSpans() -> Bool { true }
    /// For what the span calls.
    var wantsAttributes: Bool { true }
    func wants(keyHash: UInt64) -> Bool { false }
    mutating func resourceToken(_ token: UInt64) {}
    mutating func beginScope() {}
    mutating func scopeToken(_ token: UInt64) {}
    mutating func spanToken(_ token: UInt64) {}
    mutating func span(_ facts: SpanFacts) { body?(facts) }
    mutating func endResource() {}
}
