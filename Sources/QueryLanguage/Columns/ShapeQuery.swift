package import TraceAssembly
import TraceModel

/// A query over a trace in columns. What these tell is settled at once; the nodes of which spans have to be read are told, and settled
/// by whoever reads them. Then the query says which nodes satisfy it, as `QueryEvaluator` does of the assembled trace.
package struct ShapeQuery: Sendable {
    /// A condition on single spans that columns do not settle.
    package struct OpenPart: Sendable {
        let number: Int
        package let expression: QueryExpression
        /// Where it changes the answer.
        package internal(set) var nodes: NodeSet
        let condition: SpanCondition
        /// Nodes that are strange in a way that the condition sees: it is asked of their spans as values.
        let strange: NodeSet
        /// What each leaf of the condition is told.
        let told: [ShapeColumns.Told]
    }

    private let plan: QueryPlan
    private let tree: QueriedTree
    /// What is known of each part.
    private var parts: [PackedAnswers] = []
    package private(set) var open: [OpenPart] = []
    let traceID: TraceID
    let ids: [UInt64]

    package init(_ expression: QueryExpression, _ shape: TraceShape) {
        plan = QueryPlan(expression)
        tree = QueriedTree(shape)
        traceID = shape.traceID
        ids = shape.id
        let columns = ShapeColumns(shape)
        var conflicts: NodeSet?
        for (number, part) in plan.parts.enumerated() {
            let told = part.condition.leaves.map { columns.ask($0) }
            var answers = Self.answers(part.condition.top, told, shape.count)
            for (place, node) in tree.missing.enumerated() {
                answers[node] = part.condition.answer(
                    of: .missing(tree.missingIDs[place], place: place), in: shape.traceID)
            }
            var nodes = answers.some
            nodes.subtract(answers.all)
            for node in tree.missing { nodes.remove(node) }
            parts.append(answers)
            guard !nodes.isEmpty else { continue }
            if conflicts == nil {
                let (oddities, conflict) = (shape.oddities, SpanOddities.conflict.rawValue)
                conflicts = NodeSet(count: shape.count) { oddities[$0].rawValue & conflict != 0 }
            }
            var strange = conflicts ?? NodeSet(count: shape.count)
            for leaf in told where !leaf.isRead { strange.formUnion(leaf.open) }
            open.append(
                OpenPart(
                    number: number, expression: part.expression, nodes: nodes, condition: part.condition,
                    strange: strange, told: told))
        }
        narrow()
    }

    private static func answers(
        _ step: SpanCondition.Step, _ told: [ShapeColumns.Told], _ count: Int
    ) -> PackedAnswers {
        switch step {
        case .everything: return PackedAnswers(repeating: .yes, count: count)
        case .leaf(let number):
            var (some, all) = (told[number].yes, told[number].yes)
            some.formUnion(told[number].open)
            all.subtract(told[number].open)
            return PackedAnswers(some: some, all: all)
        case .and(let members):
            return members.reduce(into: PackedAnswers(repeating: .yes, count: count)) {
                $0.formAnd(answers($1, told, count))
            }
        case .or(let members):
            return members.reduce(into: PackedAnswers(repeating: .no, count: count)) {
                $0.formOr(answers($1, told, count))
            }
        case .not(let inner):
            var answers = answers(inner, told, count)
            answers.negate()
            return answers
        }
    }

    // MARK: What has to be read

    /// Leaves out what does not change the answer, as other conditions decide it.
    private mutating func narrow() {
        guard !open.isEmpty, plan.onlyPart == nil else { return }
        var needed: [Int: NodeSet] = [:]
        let evaluation = evaluation
        need(plan.top, NodeSet(count: tree.count, full: true), evaluation, &needed)
        for index in open.indices {
            if let needed = needed[open[index].number] {
                open[index].nodes.formIntersection(needed)
            } else {
                open[index].nodes = NodeSet(count: tree.count)
            }
        }
        open.removeAll { $0.nodes.isEmpty }
    }

    /// Notes for which nodes the answers of parts matter where those of the step matter for `nodes`.
    private func need(
        _ step: QueryPlan.Step, _ nodes: NodeSet, _ evaluation: TreeEvaluation<PackedAnswers>,
        _ needed: inout [Int: NodeSet]
    ) {
        if nodes.isEmpty { return }
        switch step {
        case .part(let number): needed[number] = nodes
        case .trace: break
        case .not(let inner): need(inner, nodes, evaluation, &needed)
        case .and(let members):
            let known = members.map { evaluation.column($0) }
            for index in members.indices {
                var own = nodes
                for other in members.indices where other != index { own.formIntersection(known[other].some) }
                need(members[index], own, evaluation, &needed)
            }
        case .or(let members):
            let known = members.map { evaluation.column($0) }
            for index in members.indices {
                var own = nodes
                for other in members.indices where other != index { own.subtract(known[other].all) }
                need(members[index], own, evaluation, &needed)
            }
        case .related(let number):
            let (relation, inner) = plan.relations[number]
            need(inner, related(relation, to: nodes), evaluation, &needed)
        }
    }

    /// The nodes that are asked where a relation is asked of `nodes`.
    private func related(_ relation: Relation, to nodes: NodeSet) -> NodeSet {
        let parent = tree.parent
        var related = NodeSet(count: tree.count)
        switch relation {
        case .parent: nodes.forEach { if parent[$0] >= 0 { related.insert(Int(parent[$0])) } }
        case .child:
            for node in parent.indices where parent[node] >= 0 && nodes.contains(Int(parent[node])) {
                related.insert(node)
            }
        case .ancestor:
            for node in parent.indices.reversed() where parent[node] >= 0 {
                if nodes.contains(node) || related.contains(node) { related.insert(Int(parent[node])) }
            }
        case .descendant:
            for node in parent.indices where parent[node] >= 0 {
                let above = Int(parent[node])
                if nodes.contains(above) || related.contains(above) { related.insert(node) }
            }
        }
        return related
    }

    private var evaluation: TreeEvaluation<PackedAnswers> {
        let parts = parts
        return TreeEvaluation(plan, tree) { parts[$0] }
    }

    // MARK: What was read

    /// Nodes of an open part that need no reading any more.
    ///
    /// - Parameters:
    ///   - part: index into `open`.
    ///   - settled: others may be among them, which stay as they are.
    ///   - yes: those of them that satisfy the part; the others do not.
    package mutating func settle(_ part: Int, _ settled: NodeSet, yes: NodeSet) {
        var settled = settled
        settled.formIntersection(open[part].nodes)
        var yes = yes
        yes.formIntersection(settled)
        open[part].nodes.subtract(settled)
        let number = open[part].number
        var (some, all) = (parts[number].some, parts[number].all)
        some.subtract(settled)
        some.formUnion(yes)
        all.formUnion(yes)
        parts[number] = PackedAnswers(some: some, all: all)
    }

    /// The nodes that satisfy the query; where none certainly does, those of which it depends on spans that are missing.
    ///
    /// - Parameter isWhole: whether all that was open is settled. If not, only what is certain is told.
    package func found(isWhole: Bool) -> NodeSet {
        let answers = evaluation.answers
        return answers.all.isEmpty && isWhole ? answers.some : answers.all
    }
}
