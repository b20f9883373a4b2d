package import Configuration
package import EventLoop
package import HTTP
package import SelfTelemetry
package import TLS

/// What both daemons are set up with.
package struct CommonSettings: Sendable {
    package var limits = HTTPLimits()
    package var certificate: String?
    package var key: String?
    package var clientAuthority: String?
    /// Where the keys are that open the TCP doors; nil leaves them to everybody.
    package var keysFile: String?
    package var unixMode = 0o660
    /// Most resident memory that the process is to have.
    package var memoryMax = 48 << 20
    /// Whether doors may stand open to other machines without TLS and keys.
    package var allowsOpenDoors = false
    package var shutdownGrace = Duration.seconds(10)
    package var logLevel = LogLevel.info
    package var logFormat = LogFormat.text

    package init() {}

    package enum LogLevel: String, CaseIterable, Sendable { case debug, info, warning, error }
    package enum LogFormat: String, CaseIterable, Sendable { case text, json }

    package func makeLog() -> Log {
        let level: Log.Level =
            switch logLevel {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        return Log(level: level, format: logFormat == .json ? .json : .keyValue)
    }

    package func makeTLS() throws(TLSError) -> TLSServerContext? {
        guard let certificate, let key else { return nil }
        return try TLSServerContext(certificate: certificate, key: key, clientAuthority: clientAuthority)
    }

    package func makeKeys(_ log: Log) throws(KeyFileUnusable) -> KeyRing? {
        guard let keysFile else { return nil }
        return try KeyRing(file: keysFile, log: log)
    }

    /// Blames `key` when an address that it lists is open to other machines without TLS, or to all of them without keys.
    package func conflict(at key: String, addresses: [NetworkAddress], secured: Bool) -> SettingConflict? {
        guard !allowsOpenDoors, addresses.contains(where: { !$0.isLoopback }) else { return nil }
        guard secured else {
            return SettingConflict(
                key: key,
                reason: "other machines can reach without TLS; "
                    + "listen on loopback, or set 'listen.open = true' if the network is trusted")
        }
        var missing: [String] = []
        if certificate == nil { missing.append("'tls.certificate' and 'tls.key'") }
        if keysFile == nil, clientAuthority == nil { missing.append("'keys.file' or 'tls.client_authority'") }
        guard !missing.isEmpty else { return nil }
        return SettingConflict(
            key: key,
            reason: "other machines can reach without \(certificate == nil ? "TLS" : "a key"); "
                + "set \(missing.joined(separator: ", and ")), or 'listen.open = true' if the network is trusted")
    }

    /// What may be held by requests, answers and queues: so many quarters of what `memory.max` leaves besides `ownBytes`,
    /// which the program takes when nothing is asked of it. The rest is for copies in passing and for the heap's holes.
    package func makeBudget(ownBytes: Int, quarters: Int) -> ByteBudget {
        ByteBudget(limit: max(4 << 20, (memoryMax - ownBytes) / 4 * quarters))
    }

    /// The limits, made to fit a budget: the largest body has to fit twice, packed and unpacked.
    package func limits(within budget: ByteBudget) -> HTTPLimits {
        var fitting = limits
        fitting.maxBodyBytes = min(limits.maxBodyBytes, budget.limit / 2)
        return fitting
    }

    package var tlsConflict: SettingConflict? {
        if (certificate == nil) != (key == nil) {
            return SettingConflict(
                key: certificate == nil ? "tls.certificate" : "tls.key",
                reason: "is not enough alone; set 'tls.certificate' and 'tls.key' together")
        }
        if clientAuthority != nil, certificate == nil {
            return SettingConflict(key: "tls.client_authority", reason: "needs 'tls.certificate' and 'tls.key'")
        }
        return nil
    }
}

package protocol HasCommonSettings: Sendable {
    var common: CommonSettings { get set }
}

/// The keys of the settings above, for the schema of either daemon.
package func commonKeys<Settings: HasCommonSettings>() -> [SettingKey<Settings>] {
    let path = SettingType.path.orNone(writtenAs: "none")
    return [
        SettingKey(
            "tls.certificate", \Settings.common.certificate, path,
            why: "PEM chain shown to clients; with it every TCP door speaks TLS only."),
        SettingKey("tls.key", \Settings.common.key, path, why: "PEM private key of tls.certificate."),
        SettingKey(
            "tls.client_authority", \Settings.common.clientAuthority, path,
            why: "PEM authorities; with it clients must show a certificate signed by one of them."),
        SettingKey(
            "keys.file", \Settings.common.keysFile, path,
            why:
                "Keys that 'hms-ops key create' makes, with what each may do; with it every TCP door but /healthz asks "
                + "for one. Read again within a second of a change."),
        SettingKey(
            "listen.open", \Settings.common.allowsOpenDoors, .boolean,
            why: "Allows doors beyond loopback without TLS and keys; everybody who reaches them can read and write."),
        SettingKey(
            "listen.unix_mode", \Settings.common.unixMode, .fileMode,
            why: "Permissions of unix sockets, in octal: who may write to one may send."),
        SettingKey(
            "memory.max", \Settings.common.memoryMax, .size(in: 24 << 20...64 << 30),
            why: "Resident memory to stay below: senders are slowed down near it and told to come again at it."),
        SettingKey(
            "shutdown.grace", \Settings.common.shutdownGrace, .duration(in: .zero ... .seconds(300)),
            why: "How long a stop may take to finish what was begun."),
        SettingKey("log.level", \Settings.common.logLevel, .word, why: "The least severe lines that are written."),
        SettingKey("log.format", \Settings.common.logFormat, .word, why: "Lines for people, or JSON for a collector."),
    ] + limitKeys()
}

private func limitKeys<Settings: HasCommonSettings>() -> [SettingKey<Settings>] {
    let seconds = SettingType.duration(in: .milliseconds(100) ... .seconds(86_400))
    let count = SettingType.integer(in: 1...10_000_000)
    return [
        SettingKey(
            "limits.connections", \Settings.common.limits.maxConnections, .integer(in: 1...1_000_000),
            why: "Open connections of each door; a further one is closed at once."),
        SettingKey(
            "limits.streams", \Settings.common.limits.maxConcurrentStreams, .integer32(in: 1...100_000),
            why: "Requests in flight on one HTTP/2 connection."),
        SettingKey(
            "limits.header_bytes", \Settings.common.limits.maxHeaderBytes, .size(in: 1 << 10...1 << 20),
            why: "Header of one request; over it the answer is 431."),
        SettingKey(
            "limits.body_bytes", \Settings.common.limits.maxBodyBytes, .size(in: 1 << 10...1 << 30),
            why: "Body of one request as it comes; over it the answer is 413."),
        SettingKey(
            "limits.output_bytes", \Settings.common.limits.maxOutputBytes, .size(in: 1 << 12...1 << 30),
            why: "Unsent answers of one connection; over it no more is read from it."),
        SettingKey(
            "limits.unsent_bytes", \Settings.common.limits.maxUnsentBytes, .size(in: 1 << 20...1 << 36),
            why: "Answers of the console's door that nobody takes; over it queries are answered 503."),
        SettingKey(
            "limits.stream_window", \Settings.common.limits.streamWindow, .integer32(in: 65_535...2_147_483_647),
            why: "HTTP/2 flow control of one request, in bytes."),
        SettingKey(
            "limits.connection_window", \Settings.common.limits.connectionWindow,
            .integer32(in: 65_535...2_147_483_647),
            why: "HTTP/2 flow control of one connection, in bytes."),
        SettingKey(
            "limits.header_timeout", \Settings.common.limits.headerTimeout, seconds,
            why: "From the first byte of a request to the end of its header."),
        SettingKey(
            "limits.body_rate", \Settings.common.limits.minBodyBytesPerSecond, .integer(in: 0...1 << 30),
            why: "Bytes a second below which a body is given up after limits.header_timeout, and a reader of answers "
                + "after limits.write_timeout."),
        SettingKey(
            "limits.idle_timeout", \Settings.common.limits.idleTimeout, seconds,
            why: "A connection without a request for so long is closed."),
        SettingKey(
            "limits.write_timeout", \Settings.common.limits.writeTimeout, seconds,
            why: "A peer that takes no byte of its answer for so long is dropped."),
        SettingKey(
            "limits.settings_frames", \Settings.common.limits.maxSettingsPerTenSeconds, count,
            why: "SETTINGS frames in ten seconds; more is a flood."),
        SettingKey(
            "limits.ping_frames", \Settings.common.limits.maxPingsPerTenSeconds, count,
            why: "PING frames in ten seconds; more is a flood."),
        SettingKey(
            "limits.priority_frames", \Settings.common.limits.maxPriorityFrames, count,
            why: "PRIORITY frames on one connection; more is a flood."),
        SettingKey(
            "limits.empty_frames", \Settings.common.limits.maxEmptyDataFramesInARow, count,
            why: "Empty DATA frames in a row; more is a flood."),
        SettingKey(
            "limits.provoked_resets", \Settings.common.limits.maxProvokedResets, count,
            why: "Streams of one connection that had to be reset in ten seconds; more is a flood."),
        SettingKey(
            "limits.oversized_headers", \Settings.common.limits.maxOversizedHeaders, count,
            why: "Oversized headers on one connection, after which it is closed."),
    ]
}

extension SettingType where Value == Int {
    /// Permission bits, written in octal.
    fileprivate static var fileMode: Self {
        Self(
            expected: "permissions in octal such as 0660, from 0000 to 0777",
            parse: { text in
                guard (1...4).contains(text.utf8.count), let mode = Int(text, radix: 8) else { return nil }
                return (0...0o777).contains(mode) ? mode : nil
            },
            format: { mode in
                let digits = String(mode, radix: 8)
                return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            })
    }
}

extension SettingType where Value == UInt32 {
    fileprivate static func integer32(in range: ClosedRange<UInt32>) -> Self {
        Self(
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            parse: { text in UInt32(text).flatMap { range.contains($0) ? $0 : nil } }, format: { String($0) })
    }
}
