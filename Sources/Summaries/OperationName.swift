/// Makes names with ids in them one operation: `GET /claims/123?full=1` becomes `GET /claims/{id}`. A pure function of the
/// name; docs/Summaries.md has the rules.
package enum OperationName {
    /// Where operations beyond a bound are counted.
    package static let other = "other"
    static let placeholder: [UInt8] = Array("{id}".utf8)
    /// Longer results are cut.
    static let maximumLength = 200
    /// What is looked at of a name.
    private static let maximumInput = 1024

    /// The clustered form of a span's name.
    package static func cluster(_ name: String) -> String {
        String(decoding: cluster(name.utf8Span.span), as: UTF8.self)
    }

    static func cluster(_ name: Span<UInt8>) -> [UInt8] {
        var clustering = NameClustering(name.extracting(first: min(name.count, maximumInput)))
        return clustering.run()
    }
}
