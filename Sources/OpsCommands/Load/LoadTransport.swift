/// How one request ended.
enum LoadOutcome {
    case acknowledged
    /// Why not, in few words: reports count equal reasons together.
    case failed(String)
}

/// One connection that requests are sent on. Lives on the load's event loop.
protocol LoadTransport: AnyObject {
    /// Sends one encoded export request and calls `done` once, later, never from within `send`.
    func send(_ request: [UInt8], _ done: @escaping (LoadOutcome) -> Void)
    func close()
}
