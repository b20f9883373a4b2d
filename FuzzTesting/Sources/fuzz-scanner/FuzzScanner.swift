import WireFormat

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    check(UnsafeBufferPointer(start: data, count: size))
    return 0
}

/// One input: the first byte chooses what the rest is.
private func check(_ input: UnsafeBufferPointer<UInt8>) {
    guard let choice = input.first else { return }
    let bytes = Array(input.dropFirst())
    switch choice & 3 {
    case 0: checkDatagram(bytes)
    case 1: checkTraces(bytes)
    case 2: _ = scanned(bytes, .metrics)
    default: _ = scanned(bytes, .logs)
    }
}

/// The scanner after it took `bytes`; nil if it refused them.
private func scanned(_ bytes: [UInt8], _ kind: SignalKind) -> TelemetryScanner? {
    var scanner = TelemetryScanner(collectsTraces: true)
    do {
        try scanner.scan(bytes.span, as: kind)
    } catch {
        precondition((0...bytes.count).contains(error.offset), "the error is outside of the message: \(error)")
        precondition(scanner.items == 0 && scanner.runs.isEmpty && scanner.refusedCount == 0)
        return nil
    }
    precondition(scanner.services.reduce(0) { $0 + Int($1.spans) } == scanner.items, "services don't add up")
    precondition(scanner.refused.count == min(scanner.refusedCount, TelemetryScanner.maximumRefusedItems))
    precondition(scanner.refused.allSatisfy { (0...bytes.count).contains($0.offset) })
    if kind == .traces {
        precondition(scanner.runs.reduce(0) { $0 + Int($1.spans) } == scanner.items, "runs don't add up")
    }
    return scanner
}

private func checkTraces(_ bytes: [UInt8]) {
    guard let scanner = scanned(bytes, .traces) else {
        // The filter may be asked first: it throws or copies, but must not trap.
        var output: [UInt8] = [1]
        if (try? SpanFilter.copyValid(bytes.span, into: &output)) == nil { precondition(output == [1]) }
        return
    }
    precondition(copy(bytes) { _ in true } == bytes, "keeping all spans changed the message")

    var valid: [UInt8] = []
    let kept = try? SpanFilter.copyValid(bytes.span, into: &valid)
    precondition(kept == scanner.items, "the filter keeps other spans than the scanner counts")
    guard let again = scanned(valid, .traces) else { preconditionFailure("the filter's output is malformed") }
    precondition(again.items == scanner.items && again.refusedCount == 0 && again.runs == scanner.runs)
    precondition(again.services == scanner.services)

    // Each span is in exactly one of two complementary copies.
    let (even, odd) = (copy(bytes) { $0 % 2 == 0 }, copy(bytes) { $0 % 2 == 1 })
    guard let evens = scanned(even, .traces), let odds = scanned(odd, .traces) else {
        preconditionFailure("a copy of some spans is malformed")
    }
    precondition(evens.items + odds.items == scanner.items)
    precondition(evens.refusedCount + odds.refusedCount == scanner.refusedCount)
    guard let both = scanned(even + odd, .traces) else { preconditionFailure("copies don't concatenate") }
    precondition(both.items == scanner.items)
}

/// A copy with the spans whose place among all spans `keep` wants.
private func copy(_ bytes: [UInt8], keep: (Int) -> Bool) -> [UInt8] {
    var output: [UInt8] = []
    var index = -1
    let kept = try? SpanFilter.copy(bytes.span, into: &output) { _, _ in
        index += 1
        return keep(index)
    }
    precondition(kept != nil, "the filter refuses what the scanner takes")
    return output
}

private func checkDatagram(_ bytes: [UInt8]) {
    var reader = DatagramReader()
    guard (try? reader.read(bytes.span)) != nil else {
        precondition(reader.payloads.isEmpty && reader.producer == nil && reader.sequence == nil)
        return
    }
    precondition(reader.payloads.count <= DatagramReader.maximumPayloads)
    var last = 0
    for payload in reader.payloads {
        precondition(payload.range.lowerBound >= last && payload.range.upperBound <= bytes.count)
        last = payload.range.upperBound
        _ = scanned(Array(bytes[payload.range]), payload.kind)
    }
}
