import Files

/// The files of a store's directory by what they are.
struct StoreFiles {
    var logs: Set<UInt32> = []
    var indexes: Set<UInt32> = []
    /// Half-written files, which a start removes.
    var leftovers: [String] = []
    var unknown: [String] = []
    /// Whether something is there that a store leaves behind.
    var isStore = false

    init(directory: String) throws(StorageFailure) {
        for name in try listDirectory(directory).sorted() {
            let digits = name.prefix { $0.isASCII && $0.isNumber }
            let number = digits.utf8.count >= 8 ? UInt32(digits) : nil
            switch (number, name.dropFirst(digits.count)) {
            case (let number?, ".log"): logs.insert(number)
            case (let number?, ".idx"): indexes.insert(number)
            case (_?, ".idx.new"), (_?, ".log.new"): leftovers.append(name)
            default:
                switch name {
                case "lock", LedgerFile.name: isStore = true
                case "quarantine", "receipts", "pins", "tenants", "audit.log": break
                case LedgerFile.name + ".new", "pins.new": leftovers.append(name)
                default: unknown.append(name)
                }
            }
        }
        if !logs.isEmpty || !indexes.isEmpty { isStore = true }
    }
}
