/// What a query asks of one span. A trace is found when one of its spans satisfies the whole of it.
///
/// `and` and `or` have two members at least. The parser keeps what the text says: `a and (b and c)` stays nested.
package indirect enum QueryExpression: Sendable, Hashable {
    /// The empty query; `*` where it stands inside another.
    case everything
    case and([QueryExpression])
    case or([QueryExpression])
    /// True for a span without the field as well.
    case not(QueryExpression)
    case comparison(QueryField, Comparison, QueryValue)
    /// `x =~ "…"`. What is written `x !~ "…"` becomes `and([exists(x), not(matches(x, …))])`.
    case matches(QueryField, QueryPattern)
    /// `x in (a, b)`. What is written `x not in (…)` becomes `and([exists(x), not(isIn(x, …))])`.
    case isIn(QueryField, [QueryValue])
    /// `x in 1s..2s`, with both ends. Either both are numbers or both are texts.
    case range(QueryField, QueryValue, QueryValue)
    case exists(QueryField)
    case related(Relation, QueryExpression)
}
