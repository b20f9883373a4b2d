/// What `up` prints once everything is healthy.
package struct UpSummary: Sendable {
    package let console: String
    package let otlp: [String]
    package let udp: String
    package let admin: String
    package let demo: String?
    package let data: String

    package init(console: String, otlp: [String], udp: String, admin: String, demo: String?, data: String) {
        self.console = console
        self.otlp = otlp
        self.udp = udp
        self.admin = admin
        self.demo = demo
        self.data = data
    }

    package func text(style: TextStyle) -> String {
        var rows = [
            ("Console", style.cyan("http://\(console)/")),
            ("OTLP", otlp.joined(separator: " and ") + "  (gRPC and HTTP)"),
            ("Datagrams", "udp \(udp)"),
            ("Sidecar", "http://\(admin)/readyz and /metrics"),
        ]
        if let demo { rows.append(("Demo", "http://\(demo)/  (try /fake_slow?ms=500)")) }
        rows.append(("Data, logs", "\(data), \(data)/logs"))
        let lines = rows.map { "  " + $0.0 + String(repeating: " ", count: 12 - $0.0.count) + $0.1 }
        return """

            \(style.green("HMS-OPS is up."))

            \(lines.joined(separator: "\n"))

            \(style.dim("Send your own:"))  export OTEL_EXPORTER_OTLP_ENDPOINT=http://\(otlp.last ?? "")
            \(style.dim("Stop:"))           Ctrl-C


            """
    }
}
