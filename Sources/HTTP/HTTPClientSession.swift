import CNghttp2
import EventLoop

/// Setting up nghttp2 for a client's side of a connection.
enum HTTPClientSession {
    static let streamWindow: Int32 = 4 << 20
    static let connectionWindow: Int32 = 16 << 20

    /// Makes a session with its SETTINGS queued. The caller frees it.
    static func make(owner: HTTPClientConnection, options: HTTPClientOptions) -> OpaquePointer {
        let callbacks = HTTPClientCallbacks.make()
        defer { nghttp2_session_callbacks_del(callbacks) }
        var session: OpaquePointer?
        nghttp2_session_client_new(&session, callbacks, Unmanaged.passUnretained(owner).toOpaque())
        let made = session!  // nil only when out of memory
        let settings = [
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(streamWindow)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(clamping: options.maxResponseHeaderBytes)),
        ]
        // Neither can fail for a new session and these values but for want of memory.
        nghttp2_submit_settings(made, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
        nghttp2_session_set_local_window_size(made, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, connectionWindow)
        return made
    }

    /// Queues the request of `call`; the stream's id, or a negative error of nghttp2.
    static func submit(_ call: HTTPClientCall, on session: OpaquePointer, to endpoint: HTTPEndpoint) -> Int32 {
        let request = call.request
        var fields = [
            (":method", request.method), (":scheme", endpoint.scheme), (":authority", endpoint.authority),
            (":path", request.path),
        ]
        fields += request.headers.fields.map { ($0.name, $0.value) }
        if !request.body.isEmpty, request.headers["content-length"] == nil {
            fields.append(("content-length", String(request.body.count)))
        }
        // nghttp2 wants pointers: all text stands in one array, which it copies from.
        var text: [UInt8] = []
        for (name, value) in fields {
            text.append(contentsOf: name.utf8)
            text.append(contentsOf: value.utf8)
        }
        return text.withUnsafeMutableBufferPointer { text in
            var position = text.baseAddress!  // never empty: `:method` is there
            let entries = fields.map { name, value in
                let nameStart = position
                let valueStart = nameStart + name.utf8.count
                position = valueStart + value.utf8.count
                return nghttp2_nv(
                    name: nameStart, value: valueStart, namelen: name.utf8.count, valuelen: value.utf8.count,
                    flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
            }
            let pointer = Unmanaged.passUnretained(call).toOpaque()
            guard !request.body.isEmpty else {
                return nghttp2_submit_request(session, nil, entries, entries.count, nil, pointer)
            }
            var provider = nghttp2_data_provider(
                source: nghttp2_data_source(ptr: pointer), read_callback: HTTPClientCallbacks.readBody)
            return nghttp2_submit_request(session, nil, entries, entries.count, &provider, pointer)
        }
    }
}
