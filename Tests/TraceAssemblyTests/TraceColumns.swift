import OTLP
import TraceAssembly

/// The columns that steps after assembly take, drawn from an assembled trace.
struct TraceColumns {
    let trace: AssembledTrace
    let parent: [Int32]
    let start: [UInt64]
    let end: [UInt64]
    let kind: [SpanKind]
    /// Names of hosts by number, from the attribute `host.name`.
    let hosts: [String]
    let host: [UInt32]
    let subtreeCount: [Int32]
    let isMissing: [Bool]

    init(_ trace: AssembledTrace) {
        self.trace = trace
        let nodes = trace.nodes
        parent = nodes.map { Int32($0.parent ?? -1) }
        start = nodes.map(\.start)
        end = nodes.map(\.end)
        kind = nodes.map { $0.span?.kind ?? .unspecified }
        subtreeCount = nodes.map { Int32($0.subtreeCount) }
        isMissing = nodes.map(\.isMissing)
        var hosts: [String] = []
        host = nodes.map { node in
            guard case .string(let name)? = node.span?.resource.attributes["host.name"] else { return .max }
            if let known = hosts.firstIndex(of: name) { return UInt32(known) }
            hosts.append(name)
            return UInt32(hosts.count - 1)
        }
        self.hosts = hosts
    }

    var skew: ClockSkew {
        ClockSkew(
            parent: parent, start: start, end: end, kind: kind, host: host,
            isUntimed: trace.nodes.map { $0.span?.startUnixNano != $0.start }, hostCount: hosts.count)
    }

    func origins(isAsync: [Bool]) -> ErrorOrigins {
        ErrorOrigins(
            parent: parent, isError: trace.nodes.map(\.isError),
            isSilent: trace.nodes.map { node in
                guard let span = node.span else { return true }
                return (span.kind == .internal || span.kind == .unspecified) && span.status.code == .unset
            }, isAsync: isAsync)
    }

    var folds: [SiblingFold] {
        struct Alike: Hashable {
            let service: String
            let name: String
            let kind: SpanKind
        }
        var keys: [Alike: UInt32] = [:]
        return SiblingFolds.find(
            parent: parent, subtreeCount: subtreeCount,
            key: trace.nodes.map { node in
                guard let span = node.span else { return SiblingFolds.unlike }
                let next = UInt32(keys.count)
                return keys[
                    Alike(service: span.serviceName, name: span.name, kind: span.kind), default: next, adding: next]
            }, duration: trace.nodes.map(\.duration), isError: trace.nodes.map(\.isError))
    }

    var uncovered: UInt64 {
        UncoveredTime.total(
            parent: parent, start: start, end: end, isMissing: isMissing, from: trace.summary.start,
            to: trace.summary.end)
    }
}

extension Dictionary {
    /// The value of a key, which gets one where it has none.
    fileprivate subscript(key: Key, default value: Value, adding added: Value) -> Value {
        mutating get {
            if let known = self[key] { return known }
            self[key] = added
            return value
        }
    }
}
