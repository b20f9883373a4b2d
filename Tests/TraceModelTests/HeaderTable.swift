import Testing
import TraceModel

/// One row: the headers of a request, and what must be understood.
struct HeaderRow: Sendable, CustomTestStringConvertible {
    var name: String
    var headers: [(String, String)]
    /// `trace-span-flags`, `-` for a missing span; nil when a new trace begins.
    var context: String?
    var source: PropagationFormat?
    var state = ""
    var links: [String] = []
    var problems: [String] = []
    var decision: Bool?

    var testDescription: String { name }
}

/// Ids used by the table: two traces, three spans.
let t1 = "0af7651916cd43dd8448eb211c80319c"
let t2 = "4bf92f3577b34da6a3ce929d0e0e4736"
let s1 = "b7ad6b7169203331"
let s2 = "00f067aa0ba902b7"
let s3 = "e457b5a2e4d86bd1"
private let upper = "0AF7651916CD43DD8448EB211C80319C"
private let zeroTrace = "00000000000000000000000000000000"
private let zeroSpan = "0000000000000000"
private let short = "8448eb211c80319c"
private let padded = "00000000000000008448eb211c80319c"

private let h = "x-hms-trace-id"
private let p = "traceparent"
private let s = "tracestate"
private func row(
    _ name: String, _ headers: [(String, String)], _ context: String? = nil, _ source: PropagationFormat? = nil,
    state: String = "", links: [String] = [], problems: [String] = [], decision: Bool? = nil
) -> HeaderRow {
    HeaderRow(
        name: name, headers: headers, context: context, source: source, state: state, links: links, problems: problems,
        decision: decision)
}

let headerTable: [HeaderRow] =
    hmsRows + w3cRows + traceStateRows + b3Rows + multiB3Rows + conflictRows

private let hmsRows: [HeaderRow] = [
    row("no headers: a new trace", []),
    row("full form", [(h, "\(t1)-\(s1)-01")], "\(t1)-\(s1)-01", .hms),
    row("full form, not sampled", [(h, "\(t1)-\(s1)-00")], "\(t1)-\(s1)-00", .hms),
    row("unknown flag bits are dropped", [(h, "\(t1)-\(s1)-ff")], "\(t1)-\(s1)-03", .hms),
    row("parent without flags is sampled", [(h, "\(t1)-\(s1)")], "\(t1)-\(s1)-01", .hms),
    row("bare form: a root of that trace", [(h, t1)], "\(t1)---01", .hms),
    row("16 digits are padded with zeros", [(h, short)], "\(padded)---01", .hms),
    row("16 digits with parent and flags", [(h, "\(short)-\(s1)-00")], "\(padded)-\(s1)-00", .hms),
    row("upper case is folded", [(h, "\(upper)-B7AD6B7169203331-0A")], "\(t1)-\(s1)-02", .hms),
    row("the header's name in any case", [("X-HMS-Trace-Id", t1)], "\(t1)---01", .hms),
    row("blanks and tabs around it", [(h, " \t\(t1)-\(s1)-01 \t")], "\(t1)-\(s1)-01", .hms),
    row("the same value twice", [(h, "\(t1)-\(s1)-01"), (h, "\(t1)-\(s1)-01")], "\(t1)-\(s1)-01", .hms),
    row("the same value twice, other case", [(h, t1), (h, upper)], "\(t1)---01", .hms),
    row("the same value joined by a proxy", [(h, "\(t1)-\(s1)-01, \(t1)-\(s1)-01")], "\(t1)-\(s1)-01", .hms),
    row("two different values", [(h, t1), (h, t2)], problems: ["\(h): contradicting"]),
    row("two different values joined by a proxy", [(h, "\(t1),\(t2)")], problems: ["\(h): contradicting"]),
    row("one good and one bad value", [(h, t1), (h, "x")], problems: ["\(h): malformed"]),
    row("all zero", [(h, zeroTrace)], problems: ["\(h): zero_trace_id"]),
    row("all zero, 16 digits", [(h, zeroSpan)], problems: ["\(h): zero_trace_id"]),
    row("zero parent", [(h, "\(t1)-\(zeroSpan)-01")], problems: ["\(h): zero_span_id"]),
    row("empty", [(h, "")], problems: ["\(h): malformed"]),
    row("31 digits", [(h, String(t1.dropLast()))], problems: ["\(h): malformed"]),
    row("33 digits", [(h, t1 + "0")], problems: ["\(h): malformed"]),
    row("15 digits", [(h, String(short.dropLast()))], problems: ["\(h): malformed"]),
    row("not hexadecimal", [(h, t1.dropLast() + "g")], problems: ["\(h): malformed"]),
    row("a sign where a digit belongs", [(h, "+" + t1.dropFirst())], problems: ["\(h): malformed"]),
    row("a trailing dash", [(h, t1 + "-")], problems: ["\(h): malformed"]),
    row("short parent", [(h, "\(t1)-\(s1.dropLast())-01")], problems: ["\(h): malformed"]),
    row("flags of one digit", [(h, "\(t1)-\(s1)-1")], problems: ["\(h): malformed"]),
    row("a fourth part", [(h, "\(t1)-\(s1)-01-00")], problems: ["\(h): malformed"]),
    row("a UUID with dashes", [(h, "0af76519-16cd-43dd-8448-eb211c80319c")], problems: ["\(h): malformed"]),
    row("digits of another script", [(h, "０" + t1.dropFirst())], problems: ["\(h): malformed"]),
    row("a blank inside", [(h, "\(t1) -\(s1)-01")], problems: ["\(h): malformed"]),
    row("endless", [(h, String(repeating: "a", count: 5_000))], problems: ["\(h): too_long"]),
    row("nine times", Array(repeating: (h, t1), count: 9), problems: ["\(h): too_long"]),
]

private let w3cRows: [HeaderRow] = [
    row("traceparent", [(p, "00-\(t1)-\(s1)-01")], "\(t1)-\(s1)-01", .w3c),
    row("traceparent, not sampled", [(p, "00-\(t1)-\(s1)-00")], "\(t1)-\(s1)-00", .w3c),
    row("traceparent, random flag kept, others dropped", [(p, "00-\(t1)-\(s1)-fe")], "\(t1)-\(s1)-02", .w3c),
    row("traceparent, blanks around it", [(p, " 00-\(t1)-\(s1)-01\t")], "\(t1)-\(s1)-01", .w3c),
    row("traceparent, a later version", [(p, "01-\(t1)-\(s1)-01")], "\(t1)-\(s1)-01", .w3c),
    row("traceparent, a later version, longer", [(p, "cc-\(t1)-\(s1)-01-what.the.future")], "\(t1)-\(s1)-01", .w3c),
    row("traceparent, a later version's flags", [(p, "01-\(t1)-\(s1)-02")], "\(t1)-\(s1)-00", .w3c),
    row("traceparent, a later version, no dash", [(p, "cc-\(t1)-\(s1)-01what")], problems: ["\(p): malformed"]),
    row("traceparent, version ff", [(p, "ff-\(t1)-\(s1)-01")], problems: ["\(p): malformed"]),
    row("traceparent, version 00 longer", [(p, "00-\(t1)-\(s1)-01-x")], problems: ["\(p): malformed"]),
    row("traceparent, version 00 with a dash behind", [(p, "00-\(t1)-\(s1)-01-")], problems: ["\(p): malformed"]),
    row("traceparent, upper case trace", [(p, "00-\(upper)-\(s1)-01")], problems: ["\(p): malformed"]),
    row("traceparent, upper case span", [(p, "00-\(t1)-B7AD6B7169203331-01")], problems: ["\(p): malformed"]),
    row("traceparent, upper case flags", [(p, "00-\(t1)-\(s1)-0A")], problems: ["\(p): malformed"]),
    row("traceparent, upper case version", [(p, "CC-\(t1)-\(s1)-01")], problems: ["\(p): malformed"]),
    row("traceparent, zero trace", [(p, "00-\(zeroTrace)-\(s1)-01")], problems: ["\(p): zero_trace_id"]),
    row("traceparent, zero span", [(p, "00-\(t1)-\(zeroSpan)-01")], problems: ["\(p): zero_span_id"]),
    row("traceparent, short trace", [(p, "00-\(short)-\(s1)-01")], problems: ["\(p): malformed"]),
    row("traceparent, flags missing", [(p, "00-\(t1)-\(s1)")], problems: ["\(p): malformed"]),
    row("traceparent, flags not hexadecimal", [(p, "00-\(t1)-\(s1)-0x")], problems: ["\(p): malformed"]),
    row("traceparent, underscores", [(p, "00_\(t1)_\(s1)_01")], problems: ["\(p): malformed"]),
    row("traceparent, empty", [(p, "")], problems: ["\(p): malformed"]),
    row("traceparent twice the same", [(p, "00-\(t1)-\(s1)-01"), (p, "00-\(t1)-\(s1)-01")], "\(t1)-\(s1)-01", .w3c),
    row(
        "traceparent twice, different", [(p, "00-\(t1)-\(s1)-01"), (p, "00-\(t1)-\(s2)-01")],
        problems: ["\(p): contradicting"]),
]

private let good = (p, "00-\(t1)-\(s1)-01")
private func state(_ name: String, _ values: [String], _ expected: String, problem: String? = nil) -> HeaderRow {
    row(
        "tracestate, " + name, [good] + values.map { (s, $0) }, "\(t1)-\(s1)-01", .w3c, state: expected,
        problems: problem.map { ["\(s): \($0)"] } ?? [])
}

private let traceStateRows: [HeaderRow] = [
    state("passed on", ["congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"], "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"),
    state("several headers joined in order", ["a=1,b=2", "c=3"], "a=1,b=2,c=3"),
    state("blanks and empty members dropped", [" a=1 ,, \tb=2\t", ""], "a=1,b=2"),
    state("tenant and vendor, all key characters", ["0t_-*/x@vendor=v!\"~ z"], "0t_-*/x@vendor=v!\"~ z"),
    state("empty", [""], ""),
    state(
        "32 members", [(1...32).map { "k\($0)=v" }.joined(separator: ",")],
        (1...32).map { "k\($0)=v" }.joined(separator: ",")),
    state("33 members", [(1...33).map { "k\($0)=v" }.joined(separator: ",")], "", problem: "too_long"),
    state(
        "512 bytes", ["a=" + String(repeating: "x", count: 256), "b=" + String(repeating: "y", count: 251)],
        "a=" + String(repeating: "x", count: 256) + ",b=" + String(repeating: "y", count: 251)),
    state(
        "513 bytes", ["a=" + String(repeating: "x", count: 256), "b=" + String(repeating: "y", count: 252)], "",
        problem: "too_long"),
    state("64 KiB", [String(repeating: "a=1,", count: 16_384)], "", problem: "too_long"),
    state("a value over 256 bytes", ["a=" + String(repeating: "x", count: 257)], "", problem: "malformed"),
    state("without equals sign", ["a=1,nonsense"], "", problem: "malformed"),
    state("without value", ["a="], "", problem: "malformed"),
    state("two equals signs", ["a=b=c"], "", problem: "malformed"),
    state("upper case key", ["A=1"], "", problem: "malformed"),
    state("key with a bad first character", ["_a=1"], "", problem: "malformed"),
    state("vendor over 14 bytes", ["t@abcdefghijklmno=1"], "", problem: "malformed"),
    state("control character", ["a=\u{1}b"], "", problem: "malformed"),
    state("not ASCII", ["a=é"], "", problem: "malformed"),
    state("a key twice", ["a=1,b=2,a=3"], "", problem: "contradicting"),
    row("tracestate without traceparent is not read", [(s, "A==")]),
    row("tracestate beside a bad traceparent is not read", [(p, "x"), (s, "a=1")], problems: ["\(p): malformed"]),
    row("tracestate beside our header alone is not read", [(h, "\(t1)-\(s1)-01"), (s, "a=1")], "\(t1)-\(s1)-01", .hms),
]

private let b3Rows: [HeaderRow] = [
    row("b3", [("b3", "\(t1)-\(s1)-1")], "\(t1)-\(s1)-01", .b3),
    row("b3, not sampled", [("b3", "\(t1)-\(s1)-0")], "\(t1)-\(s1)-00", .b3),
    row("b3, debug", [("b3", "\(t1)-\(s1)-d")], "\(t1)-\(s1)-01", .b3),
    row("b3, decision left open", [("b3", "\(t1)-\(s1)")], "\(t1)-\(s1)-01", .b3),
    row("b3 with the parent's parent", [("b3", "\(t1)-\(s1)-1-\(s2)")], "\(t1)-\(s1)-01", .b3),
    row("b3, 64 bits padded", [("B3", "\(short)-\(s1)-1")], "\(padded)-\(s1)-01", .b3),
    row("b3, upper case", [("b3", "\(upper)-B7AD6B7169203331-1")], "\(t1)-\(s1)-01", .b3),
    row("b3: 0", [("b3", "0")], decision: false),
    row("b3: 1", [("b3", "1")], decision: true),
    row("b3: d", [("b3", "d")], decision: true),
    row("b3: D", [("b3", "D")], problems: ["b3: malformed"]),
    row("b3, trace alone", [("b3", t1)], problems: ["b3: malformed"]),
    row("b3, sampling state of a boolean", [("b3", "\(t1)-\(s1)-true")], problems: ["b3: malformed"]),
    row("b3, parent without sampling state", [("b3", "\(t1)-\(s1)-\(s2)")], problems: ["b3: malformed"]),
    row("b3, damaged parent", [("b3", "\(t1)-\(s1)-1-xyz")], problems: ["b3: malformed"]),
    row("b3, a fifth part", [("b3", "\(t1)-\(s1)-1-\(s2)-0")], problems: ["b3: malformed"]),
    row("b3, zero trace", [("b3", "\(zeroTrace)-\(s1)-1")], problems: ["b3: zero_trace_id"]),
    row("b3, zero span", [("b3", "\(t1)-\(zeroSpan)-1")], problems: ["b3: zero_span_id"]),
    row("b3 twice, different", [("b3", "\(t1)-\(s1)-1"), ("b3", "\(t2)-\(s1)-1")], problems: ["b3: contradicting"]),
]

private let (bt, bs, bp, bd, bf) = ("X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled", "X-B3-Flags")
private let multiB3Rows: [HeaderRow] = [
    row("multi b3", [(bt, t1), (bs, s1), (bd, "1")], "\(t1)-\(s1)-01", .b3),
    row("multi b3 with everything", [(bt, t1), (bs, s1), (bp, s2), (bd, "0"), (bf, "0")], "\(t1)-\(s1)-00", .b3),
    row("multi b3, debug goes over sampled", [(bt, t1), (bs, s1), (bd, "0"), (bf, "1")], "\(t1)-\(s1)-01", .b3),
    row("multi b3, booleans of old senders", [(bt, t1), (bs, s1), (bd, "false")], "\(t1)-\(s1)-00", .b3),
    row("multi b3, decision left open", [(bt, t1), (bs, s1)], "\(t1)-\(s1)-01", .b3),
    row("multi b3, 64 bits padded", [(bt, short), (bs, s1)], "\(padded)-\(s1)-01", .b3),
    row("multi b3, decision alone", [(bd, "0")], decision: false),
    row("multi b3, debug alone", [(bf, "1")], decision: true),
    row("multi b3, trace alone", [(bt, t1), (bd, "0")], problems: ["x-b3-traceid: incomplete"], decision: false),
    row("multi b3, span alone", [(bs, s1)], problems: ["x-b3-spanid: incomplete"]),
    row("multi b3, bad trace", [(bt, "xyz"), (bs, s1)], problems: ["x-b3-traceid: malformed"]),
    row("multi b3, zero trace", [(bt, zeroTrace), (bs, s1)], problems: ["x-b3-traceid: zero_trace_id"]),
    row("multi b3, zero span", [(bt, t1), (bs, zeroSpan)], problems: ["x-b3-spanid: zero_span_id"]),
    row(
        "multi b3, bad parent and sampled are counted and left out", [(bt, t1), (bs, s1), (bp, "x"), (bd, "2")],
        "\(t1)-\(s1)-01", .b3, problems: ["x-b3-sampled: malformed", "x-b3-parentspanid: malformed"]),
    row("multi b3, trace twice, different", [(bt, t1), (bt, t2), (bs, s1)], problems: ["x-b3-traceid: contradicting"]),
    row(
        "the single header goes over the several", [("b3", "\(t1)-\(s1)-1"), (bt, t2), (bs, s2)], "\(t1)-\(s1)-01", .b3),
    row(
        "the several are read when the single one is bad", [("b3", "x"), (bt, t2), (bs, s2)], "\(t2)-\(s2)-01", .b3,
        problems: ["b3: malformed"]),
]

private let conflictRows: [HeaderRow] = [
    row("ours and traceparent agree", [(h, "\(t1)-\(s1)-01"), good, (s, "a=1")], "\(t1)-\(s1)-01", .hms, state: "a=1"),
    row(
        "ours wins over another trace, which becomes a link", [(h, "\(t1)-\(s1)-01"), (p, "00-\(t2)-\(s2)-00")],
        "\(t1)-\(s1)-01", .hms, links: ["\(t2)-\(s2)-00"], problems: ["\(p): conflict"]),
    row(
        "the foreign tracestate goes with its link", [(h, "\(t1)-\(s1)-01"), (p, "00-\(t2)-\(s2)-01"), (s, "a=1")],
        "\(t1)-\(s1)-01", .hms, links: ["\(t2)-\(s2)-01 a=1"], problems: ["\(p): conflict"]),
    row(
        "ours bare, another trace in traceparent: its parent is not ours", [(h, t1), (p, "00-\(t2)-\(s2)-01")],
        "\(t1)---01", .hms, links: ["\(t2)-\(s2)-01"], problems: ["\(p): conflict"]),
    row(
        "ours bare, the same trace: parent and flags from traceparent", [(h, t1), (p, "00-\(t1)-\(s2)-00")],
        "\(t1)-\(s2)-00", .hms),
    row(
        "ours without flags, the same trace: flags from traceparent", [(h, "\(t1)-\(s1)"), (p, "00-\(t1)-\(s2)-00")],
        "\(t1)-\(s1)-00", .hms),
    row(
        "the same trace with another parent: ours is the parent", [(h, "\(t1)-\(s1)-01"), (p, "00-\(t1)-\(s2)-00")],
        "\(t1)-\(s1)-01", .hms),
    row("ours bare, the same trace in b3", [(h, t1), ("b3", "\(t1)-\(s2)-0")], "\(t1)-\(s2)-00", .hms),
    row(
        "ours bare, traceparent before b3", [(h, t1), (p, "00-\(t1)-\(s1)-01"), ("b3", "\(t1)-\(s2)-0")],
        "\(t1)-\(s1)-01", .hms),
    row(
        "ours wins over b3", [(h, "\(t1)-\(s1)-01"), ("b3", "\(t2)-\(s2)-1")], "\(t1)-\(s1)-01", .hms,
        links: ["\(t2)-\(s2)-01"], problems: ["b3: conflict"]),
    row(
        "traceparent wins over b3", [good, ("b3", "\(t2)-\(s2)-1")], "\(t1)-\(s1)-01", .w3c, links: ["\(t2)-\(s2)-01"],
        problems: ["b3: conflict"]),
    row(
        "one foreign context in two formats is one link and two conflicts",
        [(h, t1), (p, "00-\(t2)-\(s2)-01"), ("b3", "\(t2)-\(s2)-1")], "\(t1)---01", .hms, links: ["\(t2)-\(s2)-01"],
        problems: ["\(p): conflict", "b3: conflict"]),
    row(
        "two foreign contexts are two links", [(h, t1), (p, "00-\(t2)-\(s2)-01"), (bt, t2), (bs, s3)], "\(t1)---01",
        .hms,
        links: ["\(t2)-\(s2)-01", "\(t2)-\(s3)-01"], problems: ["\(p): conflict", "x-b3-traceid: conflict"]),
    row(
        "ours damaged: traceparent is taken", [(h, "x"), (p, "00-\(t2)-\(s2)-01"), (s, "a=1")], "\(t2)-\(s2)-01", .w3c,
        state: "a=1", problems: ["\(h): malformed"]),
    row(
        "ours all zero: b3 is taken", [(h, zeroTrace), ("b3", "\(t2)-\(s2)-0")], "\(t2)-\(s2)-00", .b3,
        problems: ["\(h): zero_trace_id"]),
    row(
        "traceparent damaged: ours is taken", [(h, t1), (p, "00-x")], "\(t1)---01", .hms, problems: ["\(p): malformed"]),
    row(
        "everything damaged: a new trace", [(h, "x"), (p, "y"), ("b3", "z")],
        problems: ["\(h): malformed", "\(p): malformed", "b3: malformed"]),
    row("b3: 0 beside a named trace changes nothing", [(h, "\(t1)-\(s1)-01"), ("b3", "0")], "\(t1)-\(s1)-01", .hms),
    row(
        "a padded id and its long form are one trace", [(h, short), (p, "00-\(padded)-\(s1)-01")], "\(padded)-\(s1)-01",
        .hms),
]
