/// Where in Kubernetes a pod runs, as the downward API tells it by environment variables and by files of a volume.
package enum KubernetesIdentity {
    /// OpenTelemetry's names, and the variables that pods are commonly given. They count with `HMS_` in front, and without it
    /// in a pod only: elsewhere a variable of such a name may mean anything.
    private static let variables = [
        ("k8s.pod.name", "POD_NAME"), ("k8s.pod.uid", "POD_UID"), ("k8s.pod.ip", "POD_IP"),
        ("k8s.namespace.name", "POD_NAMESPACE"), ("k8s.node.name", "NODE_NAME"),
        ("k8s.container.name", "CONTAINER_NAME"), ("host.name", "HOST_NAME"),
    ]

    /// Kubernetes sets the service's host in each pod.
    package static func attributes(environment: [String: String]) -> [(key: String, value: String)] {
        let isInPod = environment["KUBERNETES_SERVICE_HOST"] != nil
        return variables.compactMap { attribute, variable in
            let value = environment["HMS_" + variable] ?? (isInPod ? environment[variable] : nil)
            return value.flatMap { $0.isEmpty ? nil : (attribute, $0) }
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
