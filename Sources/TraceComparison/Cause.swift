package import QueryLanguage
package import TraceModel

/// Something that the traces of one population have and those of the other do not, and that explains why they are slow, or fail.
package struct Cause: Sendable {
    package enum Kind: String, Sendable {
        case attribute
        case operation
        case error
        case version
        case host
        /// A call that is made more often, or only, or no longer.
        case edge
    }

    package var kind: Kind
    /// Such as `db.host = "db-7"`.
    package var what: String
    /// Such as `pay · charge`, or `pay`; empty for all services.
    package var `where`: String
    /// Parts of the traces that have it.
    package var shareA: Double
    package var shareB: Double
    /// Nanoseconds that it adds to a trace of `a` on average.
    package var extra: Double
    /// 0 to 1.
    package var score: Double
    package var text: String
    package var query: QueryExpression
    /// Of `a`, those in which it took most time first.
    package var examples: [TraceID]
    /// What goes with it and explains nothing more.
    package var alongside: [Fellow]

    package struct Fellow: Sendable, Equatable {
        package var kind: Kind
        package var what: String
        package var `where`: String
    }
}

/// What a key of an attribute is about.
enum KeyRole: Equatable {
    case version
    /// The smaller the number, the rather it is the one to name where several go together.
    case host(Int)
    /// Tells how it ended, not why.
    case symptom
    case other

    init(_ field: FeatureField) {
        switch field.place {
        case .exception, .statusMessage: self = .symptom
        case .span, .resource: self = Self.roles[field.key] ?? Self.byEnding(field)
        }
    }

    private static let roles: [String: KeyRole] = [
        "service.version": .version, "app.version": .version, "deployment.version": .version, "deployment.id": .version,
        "container.image.tag": .version, "container.image.tags": .version, "container.image.id": .version,
        "vcs.ref.head.revision": .version, "git.commit": .version, "release": .version,
        "host.name": .host(0), "k8s.node.name": .host(1), "host.id": .host(2), "host": .host(2), "node": .host(2),
        "host.ip": .host(3), "k8s.node.uid": .host(3), "k8s.pod.name": .host(4), "pod": .host(4),
        "k8s.pod.uid": .host(5), "service.instance.id": .host(5), "container.name": .host(6), "container.id": .host(6),
        "k8s.pod.ip": .host(6), "process.pid": .host(7),
        "error": .symptom, "error.type": .symptom, "error.message": .symptom, "otel.status_code": .symptom,
        "otel.status_description": .symptom, "http.status_code": .symptom, "http.response.status_code": .symptom,
        "rpc.grpc.status_code": .symptom, "exception.type": .symptom, "exception.message": .symptom,
    ]

    private static func byEnding(_ field: FeatureField) -> KeyRole {
        let isForeign = ["telemetry.", "otel.", "process.runtime.", "network.protocol.", "http.", "tls.", "os."]
            .contains {
                field.key.hasPrefix($0)
            }
        return field.key.hasSuffix(".version") && field.place == .resource && !isForeign ? .version : .other
    }

    var kind: Cause.Kind {
        switch self {
        case .version: .version
        case .host: .host
        case .symptom, .other: .attribute
        }
    }

    /// Tells which of several goes first when they explain the same.
    var preference: Double {
        switch self {
        case .version: 1.004
        case .other: 1.002
        case .host(let rank): 1.0 - Double(rank) * 0.0005
        case .symptom: 0.5
        }
    }
}
