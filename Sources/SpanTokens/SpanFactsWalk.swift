/// Walks spans for their facts alone.
package struct SpanFactsWalk: ~Copyable {
    private var walk = SpanWalk(SpanToken(salt: 0))
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
