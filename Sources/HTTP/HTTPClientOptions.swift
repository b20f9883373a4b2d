package import EventLoop

/// A client's bounds. The defaults suit a sidecar that sends batches of about 1 MiB to one collector.
package struct HTTPClientOptions: Sendable {
    /// Requests on the connection at once; the server may allow fewer.
    package var maxConcurrentStreams = 32
    /// Requests that wait for a connection or a free stream, and the bytes of their bodies.
    package var maxWaitingRequests = 256
    package var maxWaitingBytes = 64 << 20
    /// From the first packet to the server's SETTINGS, TLS included.
    package var connectTimeout = Duration.seconds(5)
    /// A PING is sent when nothing was received for so long, and the connection given up when nothing follows it.
    package var keepAliveIdle = Duration.seconds(15)
    package var keepAliveTimeout = Duration.seconds(5)
    package var maxResponseBytes = 16 << 20
    /// HTTP/1.1 only: what the bodies of answers that are being received may take, of several clients together.
    package var responseMemory: ByteBudget?
    /// Names, values and 32 for each field, as SETTINGS_MAX_HEADER_LIST_SIZE counts.
    package var maxResponseHeaderBytes = 64 << 10
    /// HTTP/1.1 only: connections at once, each with one request on it, and how long one may stand without a request.
    package var maxConnections = 4
    package var maxIdle = Duration.seconds(60)
    package var backoff = Backoff()
    /// Fails what waits as soon as one connect fails, instead of trying again until the requests' deadlines.
    package var failsWhenConnectFails = false

    package init() {}
}
