/// The document of each page. Its head names all modules that the page begins with, so that a browser asks for them at once rather
/// than finding them one behind the other; of a trace, its answer as well, which then is under way before any script runs.
struct ConsolePages {
    /// The document by the module that shows the page, and the one for addresses at which there is none.
    let documents: [String: [UInt8]]
    let plain: [UInt8]

    private static let modules = [
        "/": "traces.js", "/services": "services.js", "/graph": "graph.js", "/compare": "compare.js",
    ]

    init(_ document: [UInt8], scripts: [String: [UInt8]]) {
        plain = document
        let imports = scripts.mapValues(Self.imports)
        var documents: [String: [UInt8]] = [:]
        for module in Self.modules.values + ["trace.js"] {
            documents[module] = Self.naming(Self.closure(of: module, imports), in: document)
        }
        self.documents = documents
    }

    /// The module that shows what stands at an address; nil where nothing does.
    static func module(at path: String) -> String? {
        if let module = modules[path] { return module }
        return trace(at: path) == nil ? nil : "trace.js"
    }

    /// What a browser is told to ask for before it reads the document of an address.
    static func preload(at path: String) -> String? {
        guard let id = trace(at: path), id.utf8.count == 32, id.utf8.allSatisfy(isLowerHex) else { return nil }
        return "</api/v1/traces/\(id)/overview>; rel=preload; as=fetch; crossorigin"
    }

    private static func trace(at path: String) -> Substring? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[1] == "trace" && !parts[2].isEmpty ? parts[2] : nil
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    // MARK: Modules

    /// Those that a module cannot begin without, as `from "./name.js"` has them.
    private static func imports(_ script: [UInt8]) -> [String] {
        String(decoding: script, as: UTF8.self).split(separator: "\n").compactMap { line in
            guard line.hasPrefix("import "), let start = line.firstRange(of: "from \"./") else { return nil }
            return line[start.upperBound...].firstIndex(of: "\"").map { String(line[start.upperBound..<$0]) }
        }
    }

    /// A module and all that it needs, the nearest first.
    private static func closure(of module: String, _ imports: [String: [String]]) -> [String] {
        var found = [module]
        var known: Set = [module, "console.js"]
        var next = 0
        while next < found.count {
            for name in imports[found[next]] ?? [] where known.insert(name).inserted { found.append(name) }
            next += 1
        }
        return found
    }

    private static func naming(_ modules: [String], in document: [UInt8]) -> [UInt8] {
        let head = modules.map { "<link rel=\"modulepreload\" href=\"/assets/\($0)\">\n" }.joined() + "</head>"
        return Array(
            String(decoding: document, as: UTF8.self).replacing("</head>", with: head, maxReplacements: 1).utf8)
    }
}
