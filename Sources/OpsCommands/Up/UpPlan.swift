package import EventLoop

/// What `up` was asked for, read once. Pure: from here the command lines of all programs follow.
package struct UpPlan: Sendable {
    package var console: SocketAddress
    package var collectorOTLP: SocketAddress
    package var sidecarOTLP: [SocketAddress]
    package var sidecarUDP: SocketAddress
    package var sidecarStatsD: SocketAddress
    package var sidecarPush: SocketAddress
    package var sidecarAdmin: SocketAddress
    package var collectorSettings: [String]
    package var sidecarSettings: [String]
    package var demoPort: UInt16?
    package var patience: Duration

    package init(_ arguments: ParsedArguments) throws(UsageError) {
        console = try Self.address("collector-console", in: arguments)
        collectorOTLP = try Self.address("collector-otlp", in: arguments)
        sidecarUDP = try Self.address("sidecar-udp", in: arguments)
        sidecarStatsD = try Self.address("sidecar-statsd", in: arguments)
        sidecarPush = try Self.address("sidecar-push", in: arguments)
        sidecarAdmin = try Self.address("sidecar-admin", in: arguments)
        collectorSettings = try Self.settings("collector-set", in: arguments)
        sidecarSettings = try Self.settings("sidecar-set", in: arguments)
        let given = arguments.values("sidecar-otlp")
        sidecarOTLP = []
        for text in given.isEmpty ? ["127.0.0.1:4317", "127.0.0.1:4318"] : given {
            sidecarOTLP.append(try Self.address(text, of: "sidecar-otlp"))
        }
        let port = try arguments.integer("demo-port", in: 1...65_533) ?? 18_080
        demoPort = arguments.has("demo") ? UInt16(port) : nil
        patience = .seconds(try arguments.integer("wait", in: 1...600) ?? 20)
    }

    package func collector(data: String) -> UpProgram {
        UpProgram(
            name: "collector", executable: "hms-collector",
            arguments: Self.set(
                [
                    "receive.otlp=\(collectorOTLP)", "console.listen=\(console)", "store.directory=\(data)/collector",
                ] + collectorSettings),
            readiness: .logged(what: "console", path: "/readyz"))
    }

    /// The collector's address is known only now when it chose its own port.
    package func sidecar(data: String, collector: String) -> UpProgram {
        UpProgram(
            name: "sidecar", executable: "hms-sidecar",
            arguments: Self.set(
                [
                    "receive.udp=\(sidecarUDP)",
                    "receive.otlp=\(sidecarOTLP.map(\.description).joined(separator: ","))",
                    "receive.statsd=\(sidecarStatsD)", "receive.push=\(sidecarPush)",
                    "admin.listen=\(sidecarAdmin)", "forward.collectors=\(collector)", "spool.directory=\(data)/spool",
                ] + sidecarSettings),
            readiness: .logged(what: "admin", path: "/readyz"))
    }

    /// Innermost service first, so that each finds the next one listening; traffic last.
    package func demo(sidecar: String) -> [UpProgram] {
        guard let port = demoPort else { return [] }
        let gateway = "127.0.0.1:\(port)"
        let eligibility = "127.0.0.1:\(port + 1)"
        let payments = "127.0.0.1:\(port + 2)"
        func service(_ name: String, listen: String, next: String?) -> UpProgram {
            UpProgram(
                name: "demo-" + name, executable: "hms-demo",
                arguments: [name, "--listen", listen] + (next.map { ["--next", $0] } ?? []) + ["--sidecar", sidecar],
                readiness: .answers(address: listen, path: "/health"))
        }
        return [
            service("payments", listen: payments, next: nil),
            service("eligibility", listen: eligibility, next: payments),
            service("gateway", listen: gateway, next: eligibility),
            UpProgram(
                name: "demo-traffic", executable: "hms-demo", arguments: ["traffic", "--target", gateway],
                readiness: .started),
        ]
    }

    /// Every address that must be free before anything is started, with the option that changes it.
    package var wanted: [(address: SocketAddress, isDatagram: Bool, purpose: String, option: String)] {
        var wanted = [
            (console, false, "collector console", "--collector-console"),
            (collectorOTLP, false, "collector OTLP", "--collector-otlp"),
            (sidecarUDP, true, "sidecar datagrams", "--sidecar-udp"),
            (sidecarStatsD, true, "sidecar StatsD", "--sidecar-statsd"),
            (sidecarPush, false, "sidecar push", "--sidecar-push"),
            (sidecarAdmin, false, "sidecar health and metrics", "--sidecar-admin"),
        ]
        wanted += sidecarOTLP.map { ($0, false, "sidecar OTLP", "--sidecar-otlp") }
        if let demoPort {
            wanted += (0..<3).map { (.loopback(port: demoPort + $0), false, "demo service", "--demo-port") }
        }
        return wanted.filter { $0.0.port != 0 }
    }

    private static func set(_ settings: [String]) -> [String] {
        settings.flatMap { ["--set", $0] }
    }

    private static func settings(_ option: String, in arguments: ParsedArguments) throws(UsageError) -> [String] {
        let values = arguments.values(option)
        if let wrong = values.first(where: { !$0.contains("=") || !$0.contains(".") }) {
            throw .invalidValue(option: "--" + option, value: wrong, expected: "section.key=value")
        }
        return values
    }

    private static func address(_ option: String, in arguments: ParsedArguments) throws(UsageError) -> SocketAddress {
        try address(arguments.value(option) ?? "", of: option)
    }

    private static func address(_ text: String, of option: String) throws(UsageError) -> SocketAddress {
        do {
            return try SocketAddress(parsing: text)
        } catch {
            throw .invalidValue(option: "--" + option, value: text, expected: "an address such as 127.0.0.1:4317")
        }
    }
}
