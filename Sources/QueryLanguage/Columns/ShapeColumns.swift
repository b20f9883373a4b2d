import OTLP
import SpanColumns
import TraceAssembly
import TraceModel

/// What the columns of a trace say to conditions on its spans.
struct ShapeColumns {
    /// What one condition on one field is told.
    struct Told {
        var yes: NodeSet
        /// Where columns do not tell. Nodes of placeholders may be in either.
        var open: NodeSet
        /// Whether it is about what only the spans themselves say, as opposed to nodes that are strange.
        var isRead = false
    }

    private let shape: TraceShape
    private let count: Int
    /// Nodes whose times as drawn are not those that came.
    private let strangeTimes: NodeSet
    /// Nodes whose parent in the tree is not the one that they name.
    private let strangeParents: NodeSet
    /// Texts from so many bytes on may have been cut.
    private static let cutBytes = SpanColumnLimits().longestText - 3

    init(_ shape: TraceShape) {
        self.shape = shape
        count = shape.count
        let oddities = shape.oddities
        func nodes(with some: SpanOddities) -> NodeSet {
            let bits = some.rawValue
            return NodeSet(count: oddities.count) { oddities[$0].rawValue & bits != 0 }
        }
        strangeTimes = nodes(with: [.endsBeforeStart, .timeUnset, .timeAbsurd])
        strangeParents = nodes(with: [.selfParent, .cycleCut])
    }

    private var none: NodeSet { NodeSet(count: count) }

    func ask(_ leaf: SpanCondition.Leaf) -> Told {
        switch leaf {
        case .attribute(let search, let test):
            switch search.scope {
            case .event: read(shape.eventCount, test, isCertain: false)
            case .link: read(shape.linkCount, test, isCertain: false)
            case .any, .span, .resource, .scope: Told(yes: none, open: NodeSet(count: count, full: true), isRead: true)
            }
        case .property(let property, let test): ask(property, test)
        }
    }

    private func ask(_ property: SpanProperty, _ test: FieldTest) -> Told {
        switch property {
        case .service: return texts(shape.operation, shape.operations.map { Int($0.service) }, test)
        case .name: return texts(shape.operation, shape.operations.map { Int($0.name) }, test)
        case .statusMessage: return texts(shape.message, nil, test)
        case .kind:
            let kinds = shape.operations.map { SpanKind(rawValue: $0.kind) ?? .unspecified }
            let holds = SpanKind.allCases.map { test.holds($0.description) }
            let operation = shape.operation
            let answers = kinds.map { holds[SpanKind.allCases.firstIndex(of: $0) ?? 0] }
            return told(NodeSet(count: count) { answers[Int(operation[$0])] })
        case .status:
            let status = shape.status
            let answers = (0..<3 as Range<UInt8>).map {
                test.holds((SpanStatus.Code(rawValue: $0) ?? .unset).queryWord)
            }
            return told(NodeSet(count: count) { answers[Int(status[$0])] })
        case .duration:
            let (start, end) = (shape.start, shape.end)
            return numbers(test) { end[$0] > start[$0] ? end[$0] - start[$0] : 0 }
        case .start:
            let start = shape.start
            return numbers(test) { start[$0] }
        case .end:
            let end = shape.end
            return numbers(test) { end[$0] }
        case .traceID: return told(NodeSet(count: count, full: test.holds(shape.traceID.description)))
        case .spanID:
            let id = shape.id
            return told(ids(test) { id[$0] })
        case .parentID:
            let (id, parent) = (shape.id, shape.parent)
            let yes = ids(test) { parent[$0] >= 0 ? id[Int(parent[$0])] : 0 }
            return Told(yes: yes, open: strangeParents)
        case .eventName: return read(shape.eventCount, test, isCertain: true)
        case .linkTraceID, .linkSpanID: return read(shape.linkCount, test, isCertain: true)
        case .scopeName, .scopeVersion: return Told(yes: none, open: NodeSet(count: count, full: true), isRead: true)
        }
    }

    private func told(_ yes: NodeSet) -> Told { Told(yes: yes, open: none) }

    /// Of what stands in events or links: nothing where there are none.
    ///
    /// - Parameter isCertain: whether each of them has the field.
    private func read(_ counts: [UInt16], _ test: FieldTest, isCertain: Bool) -> Told {
        let some = NodeSet(count: count) { counts[$0] > 0 }
        if isCertain, case .exists = test { return told(some) }
        return Told(yes: none, open: some, isRead: true)
    }

    // MARK: Texts

    private enum TextAnswer: UInt8 {
        case no, yes, open, unasked
    }

    /// Of texts that nodes have by number, or by the number of their operation. Each is asked once.
    private func texts(_ column: [UInt32], _ ofOperation: [Int]?, _ test: FieldTest) -> Told {
        if let ofOperation {
            let answers = ofOperation.map { ask(text: $0, test) }
            return Told(
                yes: NodeSet(count: count) { answers[Int(column[$0])] == .yes },
                open: answers.contains(.open) ? NodeSet(count: count) { answers[Int(column[$0])] == .open } : none)
        }
        var answers = [TextAnswer](repeating: .unasked, count: shape.texts.count)
        var isOpen = false
        for node in 0..<count where answers[Int(column[node])] == .unasked {
            let answer = ask(text: Int(column[node]), test)
            answers[Int(column[node])] = answer
            isOpen = isOpen || answer == .open
        }
        return Told(
            yes: NodeSet(count: count) { answers[Int(column[$0])] == .yes },
            open: isOpen ? NodeSet(count: count) { answers[Int(column[$0])] == .open } : none)
    }

    private func ask(text number: Int, _ test: FieldTest) -> TextAnswer {
        if shape.texts.utf8(number).count >= Self.cutBytes {
            if case .exists = test { return .yes }
            return .open
        }
        return test.holds(shape.texts[number]) ? .yes : .no
    }

    // MARK: Numbers

    /// Of numbers that follow from the times of a span, which each has.
    @inline(__always)
    private func numbers(_ test: FieldTest, _ value: (Int) -> UInt64) -> Told {
        func all(_ isWanted: Bool) -> NodeSet { NodeSet(count: count, full: isWanted) }
        func nodes(_ test: ValueTest, _ isWanted: Bool) -> NodeSet {
            switch test.interval {
            case .none: return all(!isWanted)
            case .between(let range):
                return NodeSet(count: count) { range.contains(value($0)) == isWanted }
            case .scattered:
                return NodeSet(count: count) { node in
                    let number = value(node)
                    return (test.holds(number...number) ?? false) == isWanted
                }
            }
        }
        switch test {
        case .exists: return told(all(true))
        case .some(let test): return Told(yes: nodes(test, true), open: strangeTimes)
        case .none(let test): return Told(yes: nodes(test, false), open: strangeTimes)
        }
    }

    // MARK: Ids

    /// Of ids as text; zero is none.
    @inline(__always)
    private func ids(_ test: FieldTest, _ value: (Int) -> UInt64) -> NodeSet {
        func wanted(_ test: EqualityTest) -> UInt64? {
            SpanID(hex: test.text).flatMap { $0.description == test.text && !$0.isZero ? $0.value : nil }
        }
        switch test {
        case .exists: return NodeSet(count: count) { value($0) != 0 }
        case .some(.equal(let test)):
            guard let id = wanted(test) else { return none }
            return NodeSet(count: count) { value($0) == id }
        case .none(.equal(let test)):
            let id = wanted(test) ?? 0
            return NodeSet(count: count) { node in
                let own = value(node)
                return own != 0 && own != id
            }
        case .some, .none:
            var last: (id: UInt64, holds: Bool)?
            return NodeSet(count: count) { node in
                let id = value(node)
                // Neighbours often have the same parent.
                if let last, last.id == id { return last.holds }
                let holds = test.holds(id == 0 ? "" : SpanID(value: id).description)
                last = (id, holds)
                return holds
            }
        }
    }
}
