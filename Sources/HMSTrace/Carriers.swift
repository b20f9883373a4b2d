/// Writes one header field into a carrier of its kind.
public protocol Injector<Carrier>: Sendable {
    associatedtype Carrier
    /// Replaces what the carrier has under this key.
    func inject(_ value: String, forKey key: String, into carrier: inout Carrier)
}

/// Reads header fields from a carrier of its kind. Keys are lower case; compare them without regard to case.
public protocol Extractor<Carrier>: Sendable {
    associatedtype Carrier
    func extract(key: String, from carrier: Carrier) -> String?
    /// All values of a repeated field. The default knows one.
    func extractAll(key: String, from carrier: Carrier) -> [String]
}

extension Extractor {
    public func extractAll(key: String, from carrier: Carrier) -> [String] {
        extract(key: key, from: carrier).map { [$0] } ?? []
    }
}

/// For carriers that are dictionaries with lower-case keys.
public struct DictionaryCarrier: Injector, Extractor {
    public init() {}
    public func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key] = value
    }
    public func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}
