/// How `load` sends.
package enum LoadMode: String, CaseIterable, Sendable {
    case grpc, http2, http1, udp
}
