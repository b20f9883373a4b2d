package import WireFormat

/// Cuts a request of any signal into smaller ones: between items, never inside one. Resources and scopes are said again in
/// each. Unknown fields stay with their messages.
package enum RequestSplitter {
    /// Parts of about `maxBytes`; one item that is larger is a part of its own.
    package static func split(_ message: [UInt8], maxBytes: Int) throws(WireError) -> [[UInt8]] {
        guard message.count > maxBytes else { return [message] }
        var parts = Parts(maxBytes: maxBytes)
        try parts.add(message.span)
        return parts.finished
    }

    private struct Parts {
        let maxBytes: Int
        var finished: [[UInt8]] = []
        var current = ProtobufWriter()

        mutating func add(_ message: Span<UInt8>) throws(WireError) {
            var cursor = FieldCursor(message)
            while let field = try cursor.next() {
                guard field.number == 1, field.type == .bytes else {
                    try cursor.skip(field)
                    current.append(message.extracting(field.start..<cursor.offset))
                    continue
                }
                let group = try cursor.readBytes(field)
                try addGroup(group, whole: message.extracting(field.start..<cursor.offset))
            }
            finish()
        }

        private mutating func addGroup(_ group: Span<UInt8>, whole: Span<UInt8>) throws(WireError) {
            if current.bytes.count + whole.count <= maxBytes { return current.append(whole) }
            finish()
            if whole.count <= maxBytes { return current.append(whole) }
            let shell = try rest(of: group)
            var cursor = FieldCursor(group)
            while let field = try cursor.next() {
                guard field.number == 2 else {
                    try cursor.skip(field)
                    continue
                }
                let scope = try cursor.readBytes(field)
                try addScope(scope, whole: group.extracting(field.start..<cursor.offset), shell)
            }
            finish()
        }

        private mutating func addScope(
            _ scope: Span<UInt8>, whole: Span<UInt8>, _ shell: [UInt8]
        ) throws(WireError) {
            if whole.count <= maxBytes { return wrap(whole, shell) }
            let scopeShell = try rest(of: scope)
            var items = ProtobufWriter()
            var cursor = FieldCursor(scope)
            while let field = try cursor.next() {
                try cursor.skip(field)
                guard field.number == 2 else { continue }
                let item = scope.extracting(field.start..<cursor.offset)
                if !items.bytes.isEmpty, items.bytes.count + item.count > maxBytes {
                    wrapItems(&items, scopeShell, shell)
                }
                items.append(item)
            }
            wrapItems(&items, scopeShell, shell)
        }

        private mutating func wrapItems(_ items: inout ProtobufWriter, _ scopeShell: [UInt8], _ shell: [UInt8]) {
            guard !items.bytes.isEmpty else { return }
            var scope = ProtobufWriter()
            scope.bytes(2, scopeShell + items.bytes)
            wrap(scope.bytes.span, shell)
            items.removeAll()
        }

        /// A part of its own, with the encoded scope in a copy of its resource.
        private mutating func wrap(_ scope: Span<UInt8>, _ shell: [UInt8]) {
            var group = shell
            scope.withUnsafeBufferPointer { group.append(contentsOf: $0) }
            if !current.bytes.isEmpty, current.bytes.count + group.count > maxBytes { finish() }
            current.bytes(1, group)
        }

        private mutating func finish() {
            if !current.bytes.isEmpty { finished.append(current.bytes) }
            current = ProtobufWriter()
        }

        /// Everything but the repeated messages, whose field number is 2 at both levels.
        private func rest(of group: Span<UInt8>) throws(WireError) -> [UInt8] {
            var rest: [UInt8] = []
            var cursor = FieldCursor(group)
            while let field = try cursor.next() {
                try cursor.skip(field)
                guard field.number != 2 else { continue }
                group.extracting(field.start..<cursor.offset).withUnsafeBufferPointer { rest.append(contentsOf: $0) }
            }
            return rest
        }
    }
}
