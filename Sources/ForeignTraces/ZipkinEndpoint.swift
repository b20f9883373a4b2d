import OTLP

/// Who stood at one end of a call.
struct ZipkinEndpoint {
    var serviceName = ""
    var address = ""
    var port: Int64 = 0

    init() {}

    init(_ reader: inout DocumentReader, _ field: String) throws(ForeignTraceError) {
        var ipv6 = ""
        guard try reader.beginObject(field) else { return }
        while let key = try reader.nextKey() {
            switch key {
            case "serviceName": serviceName = try reader.string(key)
            case "ipv4": address = try reader.string(key)
            case "ipv6": ipv6 = try reader.string(key)
            case "port": port = try reader.number(key)?.int64 ?? 0
            default: try reader.skip()
            }
        }
        if address.isEmpty { address = ipv6 }
    }

    /// The service's name is the resource's.
    var localAttributes: [Attribute] { location("network.local") }

    var peerAttributes: [Attribute] {
        (serviceName.isEmpty ? [] : [Attribute("peer.service", .string(serviceName))]) + location("network.peer")
    }

    private func location(_ prefix: String) -> [Attribute] {
        var attributes: [Attribute] = []
        if !address.isEmpty { attributes.append(Attribute(prefix + ".address", .string(address))) }
        if port > 0 { attributes.append(Attribute(prefix + ".port", .int(port))) }
        return attributes
    }
}
