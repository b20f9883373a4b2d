/// A syntax error before its place is turned into a column. The place is an offset into what is being read: of bytes in a query,
/// of Unicode scalars in a pattern.
struct SyntaxProblem: Error {
    var offset: Int
    var message: String
    var hint: String?

    init(_ offset: Int, _ message: String, hint: String? = nil) {
        (self.offset, self.message, self.hint) = (offset, message, hint)
    }
}
