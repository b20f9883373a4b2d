import Glibc

/// How much a proof does: a little in the suite, as much as wanted by environment variables.
enum LongRun {
    /// The number in an environment variable, or the one of the suite.
    static func count(_ variable: String, short: Int) -> Int { number(variable) ?? short }
    /// `HMS_SEED` repeats a run.
    static func seed(short: UInt64) -> UInt64 { number("HMS_SEED").map { UInt64(bitPattern: Int64($0)) } ?? short }

    private static func number(_ variable: String) -> Int? { getenv(variable).flatMap { Int(String(cString: $0)) } }
}
