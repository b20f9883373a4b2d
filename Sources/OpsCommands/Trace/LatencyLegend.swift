import TraceAssembly

/// What the colours of a trace mean, in words.
enum LatencyLegend {
    /// What the steps are of, and where each begins.
    static func words(_ basis: TraceOverview.ColourBasis) -> (what: String, bounds: [String]) {
        switch basis {
        case .share: ("share of the waiting", shares)
        case .history: ("slower than in the hour before", ranks)
        case .mixed: ("slower than in the hour before (without history: share of the waiting)", ranks)
        }
    }

    private static let shares = ["<5 %", "5 %", "15 %", "30 %", "50 %"]
    private static let ranks = ["<50 %", "50 %", "75 %", "90 %", "99 %"]
}
