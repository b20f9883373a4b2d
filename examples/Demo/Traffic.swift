import EventLoop
import HTTP

/// Light traffic: one claim after the other, and now and then the slow page.
struct Traffic {
    let target: SocketAddress
    let requestsPerSecond: Double

    func run(until signals: StopSignals) -> Int32 {
        let endpoint = HTTPEndpoint(address: target)
        var number = 1_000
        var wasAnswered: Bool?
        while !signals.wait(seconds: 1 / requestsPerSecond) {
            number += 1
            let path = number % 10 == 0 ? "/fake_slow?ms=500" : "/claims/C-\(number)"
            let isAnswered: Bool
            do throws(HTTPClientError) {
                _ = try fetch(HTTPClientRequest(method: "GET", path: path), from: endpoint, deadline: .seconds(3))
                isAnswered = true
            } catch {
                if wasAnswered != false { say("traffic: \(error)") }
                isAnswered = false
            }
            if isAnswered, wasAnswered != true { say("traffic: \(target) answers") }
            wasAnswered = isAnswered
        }
        return 0
    }
}
