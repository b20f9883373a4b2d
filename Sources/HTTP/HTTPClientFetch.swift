import EventLoop

/// Sends one request and waits for its response, on a loop of its own. Blocks: for command lines and tests. A connection that
/// cannot be made fails at once; nothing is tried twice.
package func fetch(
    _ request: HTTPClientRequest, from endpoint: HTTPEndpoint, deadline: Duration,
    options: HTTPClientOptions = HTTPClientOptions()
) throws(HTTPClientError) -> HTTPClientResponse {
    let loop: EventLoop
    do throws(SystemError) {
        loop = try EventLoop()
    } catch {
        throw HTTPClientError(.cannotConnect("\(error)"), endpoint: endpoint.authority, mayHaveBeenProcessed: false)
    }
    var options = options
    options.failsWhenConnectFails = true
    let client = HTTPClient(loop: loop, endpoint: endpoint, options: options)
    var result: Result<HTTPClientResponse, HTTPClientError>?
    client.send(request, deadline: deadline) { result = $0 }
    while true {
        if let result {
            client.close()
            return try result.get()
        }
        loop.runOnce(timeout: nil)
    }
}
