/// How hms-ops ends. Scripts rely on these numbers, and every help text lists them.
package enum ExitCode: Int32, Sendable {
    case success = 0
    /// It did its work and the answer is no: not found, not all acknowledged, a check failed.
    case negative = 1
    /// It could not do its work: nothing answers there, a file cannot be read, a program does not start.
    case failure = 2
    /// The command line is wrong. The number is EX_USAGE of sysexits.h.
    case usage = 64

    static let explanation = "0 success, 1 the answer is no, 2 it could not be done, 64 wrong usage"
}
