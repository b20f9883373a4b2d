/// A `tracestate`, with what its `ot` entry says of sampling: `ot=th:c;rv:6e6d1a75832a2f,other=…`.
struct SamplingState: Equatable {
    /// The share of this span's kind that is here already; nil where nobody says.
    private(set) var threshold: SamplingThreshold?
    /// Random bits that stand in for the trace ID's.
    private(set) var randomness: UInt64?
    /// The other parts of the `ot` entry.
    private var rest: [Substring] = []
    /// The entries of others, in order.
    private var others: [Substring] = []

    private static let maximumBytes = 512
    private static let maximumMembers = 32

    init(_ text: String) {
        for part in text.split(separator: ",") {
            let member = Substring(part.drop { $0 == " " || $0 == "\t" })
            guard member.hasPrefix("ot=") else {
                others.append(member)
                continue
            }
            for field in member.dropFirst(3).split(separator: ";") {
                if field.hasPrefix("th:") {
                    threshold = SamplingThreshold(text: Array(field.dropFirst(3).utf8))
                } else if field.hasPrefix("rv:"),
                    let bits = SamplingThreshold.randomness(text: Array(field.dropFirst(3).utf8))
                {
                    randomness = bits
                    rest.append(field)
                } else {
                    rest.append(field)
                }
            }
        }
    }

    /// The text with that threshold. Its own entry comes first, as of the one that changed the state last (W3C Trace Context,
    /// 3.5), and entries at the end give way where there would be too many.
    func text(with threshold: SamplingThreshold) -> String {
        let own = "ot=" + (["th:" + threshold.text] + rest).joined(separator: ";")
        var text = own
        for member in others.prefix(Self.maximumMembers - 1) {
            guard text.utf8.count + 1 + member.utf8.count <= Self.maximumBytes else { break }
            text += "," + member
        }
        return text
    }
}
