import CNghttp2

/// What nghttp2 calls. Each callback finds its connection behind the user pointer, which is the connection that owns the
/// session and outlives it, records what came and returns.
enum HTTPClientCallbacks {
    static func make() -> OpaquePointer {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        let made = callbacks!  // nil only when out of memory

        nghttp2_session_callbacks_set_on_frame_recv_callback(made) { _, frame, user in
            HTTPClientCallbacks.connection(user).received(frame!)  // always given
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(made) { _, frame, user in
            let frame = frame!  // always given
            if UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue {
                HTTPClientCallbacks.connection(user).sentHead(of: frame.pointee.hd.stream_id)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(made) {
            _, frame, name, nameLength, value, valueLength, _, user in
            HTTPClientCallbacks.connection(user).received(
                UnsafeBufferPointer(start: name, count: nameLength),
                UnsafeBufferPointer(start: value, count: valueLength),
                of: frame!.pointee.hd.stream_id)  // always given
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made) { _, _, streamID, bytes, count, user in
            HTTPClientCallbacks.connection(user).received(
                UnsafeBufferPointer(start: bytes, count: count), of: streamID)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(made) { _, streamID, code, user in
            HTTPClientCallbacks.connection(user).closed(streamID, code: code)
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made) { _, _, code, user in
            HTTPClientCallbacks.connection(user).protocolError = String(cString: nghttp2_strerror(code))
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(made) { _, frame, head, count, source, user in
            // All are given; the source is the call that `readBody` was given, see there.
            let call = HTTPClientCallbacks.call(source!.pointee.ptr)
            return HTTPClientCallbacks.connection(user).appendData(of: call, head: head!, count: count)
        }
        return made
    }

    /// Tells how much of the body goes into the next frame; `appendData` then takes it from there, without a copy in nghttp2.
    static let readBody: nghttp2_data_source_read_callback = { _, _, _, room, flags, source, _ in
        // The source is the call, which its connection keeps until the stream is closed.
        let call = HTTPClientCallbacks.call(source!.pointee.ptr)
        let left = call.request.body.count - call.bodySent
        let count = min(left, room)
        flags!.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if count == left { flags!.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        return count
    }

    private static func connection(_ user: UnsafeMutableRawPointer?) -> HTTPClientConnection {
        Unmanaged<HTTPClientConnection>.fromOpaque(user!).takeUnretainedValue()  // set when the session was made
    }

    private static func call(_ pointer: UnsafeMutableRawPointer?) -> HTTPClientCall {
        Unmanaged<HTTPClientCall>.fromOpaque(pointer!).takeUnretainedValue()  // set when the request was submitted
    }
}
