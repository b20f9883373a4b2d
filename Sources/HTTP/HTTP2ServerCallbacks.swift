import CNghttp2

/// The callbacks and options that all sessions share.
struct HTTP2ServerCallbacks: @unchecked Sendable {
    // Sendable because nghttp2 only reads the tables after they are made here.
    let pointer: OpaquePointer?

    static let shared = HTTP2ServerCallbacks()
    nonisolated(unsafe) static let options: OpaquePointer? = {
        // Never changed after this; sessions read it when they are made.
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_settings(options, 32)
        // Windows are given back by what becomes of the bytes; see `HTTP2Server.data`.
        nghttp2_option_set_no_auto_window_update(options, 1)
        return options
    }()

    static let readBody: nghttp2_data_source_read_callback = { _, id, buffer, capacity, flags, _, userData in
        // nghttp2 passes the session's user data, a buffer and flags that are never null.
        HTTP2Server.from(userData).readBody(id, buffer!, capacity, flags!)
    }

    private init() {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, userData in
            HTTP2Server.from(userData).beginHeaders(frame!.pointee.hd.stream_id)
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, valueLength, _, userData in
            HTTP2Server.from(userData).header(
                frame!.pointee.hd.stream_id, UnsafeBufferPointer(start: name, count: nameLength),
                UnsafeBufferPointer(start: value, count: valueLength))
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, userData in
            let header = frame!.pointee.hd
            let endOfStream = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
            let session = HTTP2Server.from(userData)
            if header.type == NGHTTP2_HEADERS.rawValue {
                session.headersEnded(header.stream_id, endOfStream: endOfStream)
            }
            if endOfStream, header.type == NGHTTP2_HEADERS.rawValue || header.type == NGHTTP2_DATA.rawValue {
                session.endOfStream(header.stream_id)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, userData in
            HTTP2Server.from(userData).data(id, UnsafeBufferPointer(start: bytes, count: count))
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, _, userData in
            HTTP2Server.from(userData).streamClosed(id)
            return 0
        }
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, userData in
            let header = header!.pointee
            HTTP2Server.from(userData).frameBegan(type: header.type, flags: header.flags, length: header.length)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, userData in
            HTTP2Server.from(userData).frameSent(frame!.pointee)
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, frame, _, userData in
            HTTP2Server.from(userData).invalidFrame(frame!.pointee.hd.stream_id)
            return 0
        }
        pointer = callbacks
    }
}

extension HTTP2Server {
    /// The user data of every session is the object that owns it and frees it, so the pointer is valid in each callback.
    fileprivate static func from(_ userData: UnsafeMutableRawPointer?) -> HTTP2Server {
        Unmanaged<HTTP2Server>.fromOpaque(userData!).takeUnretainedValue()
    }
}
