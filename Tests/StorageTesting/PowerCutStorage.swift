package import Files
import Glibc
import Synchronization

/// The file system until the power is cut at a chosen operation. Programs see what they wrote, as always; what a disk may
/// hold after the cut is another matter, and `leave` makes one such state of the many that are legal:
///
/// - What was synchronized is there.
/// - Each sector of 512 bytes that was written since then has its old content or that after any of the writes to it, each
///   sector by itself.
/// - A file has any of the lengths it had since it was synchronized; what was never written in it is zero.
/// - Names made, changed and removed since their directory was synchronized are as they were or as they became, in order
///   up to some moment or each by itself.
///
/// Only what goes through `Storage` is simulated; directories are taken as made.
package final class PowerCutStorage: Storage {
    private static let sector = 512

    private let state: Mutex<State>
    private let local = LocalStorage()
    private let directory: String

    fileprivate struct Change {
        enum Kind { case write(offset: Int, bytes: [UInt8]), truncate(Int) }
        var kind: Kind
        var length: Int
    }
    fileprivate struct Node {
        var synchronized: [UInt8] = []
        var now: [UInt8] = []
        var changes: [Change] = []
    }
    private enum NameChange { case set(String, node: Int), remove(String), rename(String, to: String, node: Int) }
    private struct State {
        var left: Int
        var nodes: [Node] = []
        /// What programs see, and what is certain to be found after a cut, by path within the directory.
        var names: [String: Int] = [:]
        var synchronizedNames: [String: Int] = [:]
        var nameChanges: [NameChange] = []
        var removed: Set<String> = []
        var operations = 0
    }

    /// - Parameters:
    ///   - directory: what lies in it is taken as synchronized.
    ///   - operations: how many are done; the next one is the first whose effect is uncertain, and none is done after it.
    package init(directory: TemporaryDirectory, cutAfter operations: Int = .max) {
        self.directory = directory.path
        var state = State(left: operations)
        for name in directory.names() where name != "lock" {
            var status = stat()
            guard stat("\(directory.path)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let bytes = directory.bytes(name)
            state.names[name] = state.nodes.count
            state.nodes.append(Node(synchronized: bytes, now: bytes))
        }
        state.synchronizedNames = state.names
        self.state = Mutex(state)
    }

    package var isCut: Bool { state.withLock { $0.left < 0 } }
    package var operations: Int { state.withLock { $0.operations } }
    /// Cuts the power after so many operations from now on.
    package func cut(after operations: Int) { state.withLock { $0.left = $0.left < 0 ? -1 : operations } }
    /// Names that were removed, whether or not that reached the disk.
    package var removed: Set<String> { state.withLock { $0.removed } }

    private func name(_ path: String) -> String {
        precondition(path.hasPrefix(directory + "/"), "'\(path)' is outside the simulated directory")
        return String(path.dropFirst(directory.utf8.count + 1))
    }

    /// Counts an operation and does it, unless the power is cut; `change` notes it for after the cut, also when it is the one
    /// at which the cut comes.
    private func act(
        _ path: String, isCertain: Bool = false, _ operation: () throws(StorageFailure) -> Void,
        _ change: (inout State) -> Void
    ) throws(StorageFailure) {
        try state.withLock { state throws(StorageFailure) in
            guard state.left >= 0 else { throw StorageFailure("without power at", path, code: EIO) }
            state.operations += 1
            state.left -= 1
            // Of what is under way when the cut comes, a write may have come to be; a promise has not.
            let isLast = state.left < 0
            if !isLast { try operation() }
            if !isLast || !isCertain { change(&state) }
            if isLast { throw StorageFailure("without power at", path, code: EIO) }
        }
    }

    // MARK: - Storage

    package func create(_ path: String) throws(StorageFailure) -> any StorageFile {
        let name = name(path)
        // Both are set before `act` returns, on this thread.
        nonisolated(unsafe) var file: (any StorageFile)?
        nonisolated(unsafe) var number = 0
        try act(path) { () throws(StorageFailure) in
            file = try local.create(path)
        } _: { state in
            number = state.nodes.count
            state.nodes.append(Node())
            state.names[name] = number
            state.nameChanges.append(.set(name, node: number))
        }
        guard let file else { throw StorageFailure("creating", path, code: EIO) }
        return PowerCutFile(file, path, node: number, self)
    }

    package func openForWriting(_ path: String) throws(StorageFailure) -> any StorageFile {
        guard !isCut else { throw StorageFailure("without power at", path, code: EIO) }
        let name = name(path)
        guard let number = state.withLock({ $0.names[name] }) else {
            throw StorageFailure("opening", path, code: ENOENT)
        }
        return PowerCutFile(try local.openForWriting(path), path, node: number, self)
    }

    package func rename(_ from: String, to: String) throws(StorageFailure) {
        let (source, target) = (name(from), name(to))
        try act(to) { () throws(StorageFailure) in
            try local.rename(from, to: to)
        } _: { state in
            guard let number = state.names.removeValue(forKey: source) else { return }
            state.names[target] = number
            state.nameChanges.append(.rename(source, to: target, node: number))
        }
    }

    package func remove(_ path: String) throws(StorageFailure) {
        let name = name(path)
        try act(path) { () throws(StorageFailure) in
            try local.remove(path)
        } _: { state in
            guard state.names.removeValue(forKey: name) != nil else { return }
            state.removed.insert(name)
            state.nameChanges.append(.remove(name))
        }
    }

    package func synchronizeDirectory(_ path: String) throws(StorageFailure) {
        try act(path, isCertain: true, {}) { state in
            state.synchronizedNames = state.names
            state.nameChanges = []
        }
    }

    // MARK: - Files

    fileprivate func write(
        _ bytes: [UInt8], at offset: Int, node: Int, _ path: String, _ operation: () throws(StorageFailure) -> Void
    ) throws(StorageFailure) {
        try act(path, operation) { state in
            state.nodes[node].now.put(bytes, at: offset)
            let length = state.nodes[node].now.count
            state.nodes[node].changes.append(Change(kind: .write(offset: offset, bytes: bytes), length: length))
        }
    }

    fileprivate func truncate(
        to length: Int, node: Int, _ path: String, _ operation: () throws(StorageFailure) -> Void
    ) throws(StorageFailure) {
        try act(path, operation) { state in
            state.nodes[node].now.cut(to: length)
            state.nodes[node].changes.append(Change(kind: .truncate(length), length: length))
        }
    }

    fileprivate func synchronize(node: Int, _ path: String) throws(StorageFailure) {
        try act(path, isCertain: true, {}) { state in
            state.nodes[node].synchronized = state.nodes[node].now
            state.nodes[node].changes = []
        }
    }

    // MARK: - After the cut

    /// Writes a state that the disk may be in into `target`, which is empty, and cuts the power if it is not cut yet.
    package func leave(in target: TemporaryDirectory, using generator: inout some RandomNumberGenerator) {
        let (nodes, certain, changes) = state.withLock { state in
            state.left = -1
            return (state.nodes, state.synchronizedNames, state.nameChanges)
        }
        var names = certain
        let isOrdered = Bool.random(using: &generator)
        let moment = Int.random(in: 0...changes.count, using: &generator)
        for (index, change) in changes.enumerated() {
            guard isOrdered ? index < moment : Bool.random(using: &generator) else { continue }
            switch change {
            case .set(let name, let node): names[name] = node
            case .remove(let name): names[name] = nil
            case .rename(let from, let to, let node):
                names[from] = nil
                names[to] = node
            }
        }
        for (name, node) in names.sorted(by: { $0.key < $1.key }) {
            if name.contains("/") { continue }  // the quarantine is for people
            target.write(nodes[node].afterCut(sector: Self.sector, &generator), to: name)
        }
    }
}

extension PowerCutStorage.Node {
    /// One of the contents that the disk may hold.
    fileprivate func afterCut(sector: Int, _ generator: inout some RandomNumberGenerator) -> [UInt8] {
        if changes.isEmpty { return synchronized }
        let lengths = [synchronized.count] + changes.map(\.length)
        var result = synchronized
        // All, nothing, all up to a moment, or each sector as it comes.
        let manner = Int.random(in: 0..<4, using: &generator)
        let moment = Int.random(in: 0...changes.count, using: &generator)
        var kept: [Int: Int] = [:]
        for (index, change) in changes.enumerated() {
            switch change.kind {
            case .truncate(let length):
                // Sectors that are there again after it were zero.
                let reached =
                    manner == 0 || manner == 2 && index < moment || manner == 3 && Bool.random(using: &generator)
                if reached, length < result.count {
                    for place in length..<result.count { result[place] = 0 }
                }
            case .write(let offset, let bytes):
                if result.count < offset + bytes.count {
                    result.append(contentsOf: repeatElement(0, count: offset + bytes.count - result.count))
                }
                var start = offset
                while start < offset + bytes.count {
                    let number = start / sector
                    let end = min((number + 1) * sector, offset + bytes.count)
                    // Of each sector the changes up to a moment of its own.
                    if kept[number] == nil {
                        switch manner {
                        case 0: kept[number] = changes.count
                        case 1: kept[number] = 0
                        case 2: kept[number] = moment
                        default: kept[number] = Int.random(in: 0...changes.count, using: &generator)
                        }
                    }
                    if index < kept[number, default: 0] {
                        result.replaceSubrange(start..<end, with: bytes[start - offset..<end - offset])
                    }
                    start = end
                }
            }
        }
        let length =
            switch manner {
            case 0: lengths[lengths.count - 1]
            case 1: lengths[0]
            case 2: lengths[moment]
            default: lengths.randomElement(using: &generator) ?? 0
            }
        result.cut(to: length)
        return result
    }
}

private final class PowerCutFile: StorageFile {
    private let file: any StorageFile
    private let path: String
    private let node: Int
    private let storage: PowerCutStorage

    init(_ file: any StorageFile, _ path: String, node: Int, _ storage: PowerCutStorage) {
        self.file = file
        self.path = path
        self.node = node
        self.storage = storage
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(StorageFailure) {
        let copy = bytes.withUnsafeBufferPointer { Array($0) }
        try storage.write(copy, at: offset, node: node, path) { () throws(StorageFailure) in
            try file.write(copy, at: offset)
        }
    }
    func read(_ length: Int, at offset: Int, into buffer: inout [UInt8]) throws(StorageFailure) {
        try file.read(length, at: offset, into: &buffer)
    }
    func synchronize() throws(StorageFailure) { try storage.synchronize(node: node, path) }
    func truncate(to length: Int) throws(StorageFailure) {
        try storage.truncate(to: length, node: node, path) { () throws(StorageFailure) in
            try file.truncate(to: length)
        }
    }
    func reserve(from offset: Int, length: Int) {}
    func close() { file.close() }
}

extension [UInt8] {
    fileprivate mutating func put(_ bytes: [UInt8], at offset: Int) {
        cutOrGrow(to: Swift.max(count, offset + bytes.count))
        replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    fileprivate mutating func cut(to length: Int) { cutOrGrow(to: length) }

    private mutating func cutOrGrow(to length: Int) {
        if length < count { removeLast(count - length) }
        if length > count { append(contentsOf: repeatElement(0, count: length - count)) }
    }
}
