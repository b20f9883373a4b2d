package import OTLP

/// How the clocks of a trace's hosts differ, as far as its requests tell, and where a view may draw each node instead.
///
/// A client span on one host with a server span below it on another bounds the difference of the two clocks
/// (`HostPair`). Hosts that never called each other are tied through others (`ClockPaths`): to the host of the first node,
/// or, where nothing leads there, to the first of those that called each other. One difference stands for the whole trace.
/// Takes n log n steps for any input; no time is altered.
package struct ClockSkew: Sendable {
    /// By host number; nil for a host that no request ties to another one.
    package let offsets: [ClockOffset?]
    /// Hosts that called each other, by number.
    package let pairs: [HostPair]
    /// Which nodes nobody above waited for: see `AsyncRule`.
    package let isAsync: [Bool]
    private let shifts: [Int64]

    /// What the correction adds to the times of a node; 0 leaves it where it is.
    ///
    /// It is the shift of the node's host (`ClockOffset.shift`), except for
    /// - an async child: it never moves, whatever its host's clock. When it ran says nothing about its parent, so nothing
    ///   would tell a wrong correction from a long wait in a queue;
    /// - what lies below an async child that would have had to move: it keeps its place relative to it, as measured. Below an
    ///   async child whose host needs no correction, hosts are corrected as elsewhere;
    /// - a span without times of its own, which goes with its parent from which it borrowed them;
    /// - a placeholder, which goes with its children when all of them move alike, and else stays.
    package func shift(of node: Int) -> Int64 { shifts[node] }

    /// One entry for each node in depth-first order in every column but `hostCount`.
    /// - Parameters:
    ///   - parent: -1 for a root, otherwise smaller than the node's own index.
    ///   - host: whose clock it was; numbers from `hostCount` on stand for an unknown one.
    ///   - isUntimed: placeholders, and spans whose start is borrowed from around them.
    package init(
        parent: [Int32], start: [UInt64], end: [UInt64], kind: [SpanKind], host: [UInt32], isUntimed: [Bool],
        hostCount: Int
    ) {
        func isKnown(_ node: Int) -> Bool { !isUntimed[node] && Int(host[node]) < hostCount }

        var samples = ClockSamples()
        for server in parent.indices where kind[server] == .server && parent[server] >= 0 && isKnown(server) {
            let client = Int(parent[server])
            guard kind[client] == .client, isKnown(client), host[client] != host[server] else { continue }
            let sample = ClockSample(client: client, server: server, start: start, end: end, host: host)
            if let sample { samples.append(sample) }
        }
        pairs = samples.byPair().map { HostPair(agreeing: $0) }

        var paths = ClockPaths(pairs, hostCount: hostCount)
        if !pairs.isEmpty {
            for node in parent.indices where isKnown(node) { paths.tie(to: host[node]) }
        }
        offsets = paths.found

        let rule = AsyncRule(
            parent: parent, start: start, end: end, kind: kind, host: host, isUntimed: isUntimed, offsets: paths.found)
        (shifts, isAsync) = (rule.shifts, rule.isAsync)
    }
}
