import Configuration
package import QueryLanguage

/// Traces that a query finds stay so long, counted from the arrival of the last record of their segment.
package struct KeepRule: Sendable {
    /// As it was written.
    package var query: String
    package var expression: QueryExpression
    package var length: Duration

    /// Reads rules such as `status = error for 30d; service = "pay" for 90d`. A semicolon or the word `for` between quotes is
    /// part of a query.
    package static func parse(_ text: String) throws(KeepRuleError) -> [KeepRule] {
        var rules: [KeepRule] = []
        for part in split(text) where part.utf8.contains(where: { $0 > 0x20 }) {
            guard rules.count < maximumRules else {
                throw KeepRuleError(reason: "there are more than \(maximumRules) rules")
            }
            rules.append(try rule(String(part)))
        }
        return rules
    }

    private static let maximumRules = 16
    private static let longest: Duration = .seconds(3650 * 86_400)

    private static func split(_ text: String) -> [Substring] {
        var quote: Character?
        return text.split(omittingEmptySubsequences: true) { character in
            if character == "\"" || character == "'" {
                if quote == nil { quote = character } else if quote == character { quote = nil }
            }
            return quote == nil && character == ";"
        }
    }

    private static func rule(_ text: String) throws(KeepRuleError) -> KeepRule {
        // The last `for` is the rule's: a length holds none.
        let words = text.split(separator: " ")
        guard words.count >= 3, words[words.count - 2] == "for" else {
            throw KeepRuleError(reason: "'\(text)' is not of the form QUERY for TIME, such as status = error for 30d")
        }
        guard let length = DurationText.parse(String(words[words.count - 1])), length > .zero, length <= longest else {
            throw KeepRuleError(
                reason: "'\(words[words.count - 1])' is no time such as 30d, at most \(DurationText.format(longest))")
        }
        let query = words.dropLast(2).joined(separator: " ")
        do throws(QuerySyntaxError) {
            return KeepRule(query: query, expression: try QueryParser.parse(query, now: 0), length: length)
        } catch {
            throw KeepRuleError(reason: "column \(error.column) of '\(query)': \(error.message)")
        }
    }
}

package struct KeepRuleError: Error, CustomStringConvertible {
    package let reason: String
    package var description: String { reason }
}
