/// Where in Kubernetes a pod runs, as the downward API tells it by environment variables and by files of a volume.
package enum KubernetesIdentity {
    /// OpenTelemetry's names, and the variables that pods are commonly given, the strongest first.
    private static let variables: [(attribute: String, names: [String])] = [
        ("k8s.pod.name", ["HMS_POD_NAME", "K8S_POD_NAME", "POD_NAME"]),
        ("k8s.pod.uid", ["HMS_POD_UID", "K8S_POD_UID", "POD_UID"]),
        ("k8s.pod.ip", ["HMS_POD_IP", "K8S_POD_IP", "POD_IP"]),
        ("k8s.namespace.name", ["HMS_POD_NAMESPACE", "K8S_NAMESPACE_NAME", "POD_NAMESPACE"]),
        ("k8s.node.name", ["HMS_NODE_NAME", "K8S_NODE_NAME", "NODE_NAME"]),
        ("k8s.container.name", ["HMS_CONTAINER_NAME", "K8S_CONTAINER_NAME", "CONTAINER_NAME"]),
        ("host.name", ["HMS_HOST_NAME", "HOST_NAME"]),
    ]

    /// Names without a prefix, which other systems use as well, are believed in a pod only: Kubernetes sets the service's host
    /// in each.
    package static func attributes(environment: [String: String]) -> [(key: String, value: String)] {
        let isPod = environment["KUBERNETES_SERVICE_HOST"] != nil
        return variables.compactMap { attribute, names in
            let believed = names.filter { isPod || $0.hasPrefix("HMS_") || $0.hasPrefix("K8S_") }
            return believed.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }.map { (attribute, $0) }
        }
    }

    /// Lines `key="value"` with escapes as Kubernetes writes them; what is not such a line is passed over.
    package static func attributes(file text: String, prefix: String) -> [(key: String, value: String)] {
        text.split(separator: "\n").compactMap { line in
            guard let equals = line.firstIndex(of: "="), equals > line.startIndex else { return nil }
            let quoted = line[line.index(after: equals)...]
            guard quoted.count >= 2, quoted.first == "\"", quoted.last == "\"" else { return nil }
            var value = ""
            var isEscaped = false
            for character in quoted.dropFirst().dropLast() {
                if isEscaped {
                    value.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else {
                    value.append(character)
                }
            }
            return (prefix + line[..<equals], value)
        }
    }
}

/// `OTEL_RESOURCE_ATTRIBUTES`: `key=value,key=value`, values percent-encoded.
package enum ResourceAttributesText {
    package static func parse(_ text: String) -> [(key: String, value: String)] {
        text.split(separator: ",").compactMap { part in
            guard let equals = part.firstIndex(of: "=") else { return nil }
            let key = part[..<equals].filter { $0 != " " }
            guard !key.isEmpty else { return nil }
            return (String(key), decoded(part[part.index(after: equals)...]))
        }
    }

    private static func decoded(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var plain: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                plain.append(byte)
                index += 3
            } else {
                plain.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: plain, as: UTF8.self)
    }
}
