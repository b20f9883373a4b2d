import OTLP

/// A cause in the making.
struct Candidate {
    enum Subject {
        /// The operation takes longer.
        case slow(Int)
        /// It fails.
        case failing(Int)
        /// It is called more often.
        case repeated(Int)
        /// It is called in more of the traces.
        case extra(Int)
        /// It is called in fewer of them.
        case missing(Int)
        case feature(field: Int, AttributeValue, Level)
    }

    /// The spans that an attribute is looked at on.
    enum Level: Hashable {
        case operation(Int)
        case service(String)
        case everywhere
    }

    var subject: Subject
    var role = KeyRole.other
    /// 0 to 1, before preferences.
    var score = 0.0
    /// What of the score the spans themselves tell, and not those about them or elsewhere.
    var own = 0.0
    /// Nanoseconds a trace.
    var extra = 0.0
    /// How many times as long its spans take as others; 0 where that is not known.
    var factor = 0.0
    var a = TraceSet()
    var b = TraceSet()
    /// The operation by the slowness or failures of which it explains something.
    var mechanism: Int?
    /// Where it is told by failures.
    var isAboutFailure = false
    /// Whether spans of several services are slow with it.
    var isAcrossServices = false

    /// Decides between those that explain as much.
    var rank: Double {
        if case .feature = subject { score * role.preference * (isAcrossServices ? 1.03 : 1) } else { score }
    }

    /// The narrower, the rather it is the place to name.
    var narrowness: Double {
        switch subject {
        case .feature(_, _, .operation): 1.02
        case .feature(_, _, .service): 1.01
        case .feature(_, _, .everywhere): isAcrossServices ? 1.03 : 1
        default: 1
        }
    }
}
