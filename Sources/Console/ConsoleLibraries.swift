import Files

/// Libraries that the pages load where this system has them: files of Debian's packages. They are read once and bounded, so a
/// request reaches no file system here either. One that is missing is 404, and the pages do without.
package struct ConsoleLibraries: Sendable {
    package struct Library: Sendable {
        package let body: [UInt8]
        package let type: String
    }

    /// By address.
    package let libraries: [String: Library]

    package static let maximumBytes = 4 << 20

    private static let places: [(address: String, file: String, type: String)] = [
        ("/lib/dygraphs.js", "javascript/dygraphs/dygraph.min.js", "text/javascript; charset=utf-8"),
        ("/lib/dygraphs.css", "javascript/dygraphs/dygraph.css", "text/css; charset=utf-8"),
        ("/lib/dagre.js", "nodejs/dagre/dist/dagre.min.js", "text/javascript; charset=utf-8"),
    ]

    /// Reads what is below `directory`, where Debian puts such files. What cannot be read, is empty, or is larger than
    /// `maximumBytes` is left out.
    package init(directory: String = "/usr/share") {
        var found: [String: Library] = [:]
        for place in Self.places {
            if let body = Self.content(of: directory + "/" + place.file) {
                found[place.address] = Library(body: body, type: place.type)
            }
        }
        libraries = found
    }

    private static func content(of path: String) -> [UInt8]? {
        do {
            let file = try ReadFile(path)
            var bytes: [UInt8] = []
            // One byte more than is allowed tells a larger file, whatever it says of its size.
            try file.read(min(try file.size(), maximumBytes) + 1, at: 0, into: &bytes)
            return bytes.isEmpty || bytes.count > maximumBytes ? nil : bytes
        } catch {
            return nil
        }
    }
}
