extension Summary {
    /// Reads what `encode` wrote, and of it the rows that `filter` chooses, at its step. Bytes of any content are read in time and
    /// memory in proportion to their number, and to no more rows than `bounds` has.
    package init(
        decoding bytes: Span<UInt8>, where filter: SummaryFilter = .everything, bounds: SummaryBounds = SummaryBounds()
    ) throws(SummaryError) {
        self.init(bounds: bounds)
        var reader = SummaryReader(bytes)
        let version = try reader.byte()
        guard version == Self.version else { throw .version(version) }
        beyondBounds = try reader.varint()
        let count = try reader.count("texts")
        for number in 0..<count {
            let text = try reader.text()
            if number > 0, !texts[UInt32(number - 1)].lexicographicallyPrecedes(text) {
                throw reader.damaged("texts are not in order")
            }
            _ = texts.intern(text)
        }
        let chosen = ChosenTexts(filter, texts)
        try readOperations(&reader, chosen)
        try readCalls(&reader, chosen)
        guard reader.isAtEnd else { throw reader.damaged("bytes behind the end") }
        settle()
    }

    private mutating func readOperations(_ reader: inout SummaryReader, _ chosen: ChosenTexts) throws(SummaryError) {
        var groups = SummaryReader.Groups(textCount: texts.texts.count)
        for _ in 0..<(try reader.count("groups")) {
            let group = try groups.read(&reader)
            guard group.kind <= 5 else { throw reader.damaged("a kind that is none") }
            var minutes = SummaryReader.Minutes()
            for _ in 0..<(try reader.count("rows")) {
                let minute = try minutes.read(&reader)
                var key = OperationKey(
                    service: group.first, operation: group.second, kind: group.kind, minute: minute)
                let isChosen = chosen.includes(key)
                let figures = try reader.figures(isKept: isChosen)
                guard isChosen else { continue }
                key.minute = chosen.filter.stepStart(of: minute)
                operations[key, default: Figures()].merge(figures)
                guard rows <= bounds.rows else { throw .tooManyRows(limit: bounds.rows) }
            }
        }
    }

    private mutating func readCalls(_ reader: inout SummaryReader, _ chosen: ChosenTexts) throws(SummaryError) {
        var groups = SummaryReader.Groups(textCount: texts.texts.count)
        for _ in 0..<(try reader.count("groups")) {
            let group = try groups.read(&reader)
            guard let kind = CallKind(rawValue: group.kind) else { throw reader.damaged("a kind of call that is none") }
            var minutes = SummaryReader.Minutes()
            for _ in 0..<(try reader.count("rows")) {
                let minute = try minutes.read(&reader)
                var key = CallKey(from: group.first, to: group.second, kind: kind, minute: minute)
                let isChosen = chosen.includes(key)
                let figures = try reader.figures(isKept: isChosen)
                guard figures.exemplars.isNone else { throw reader.damaged("a call with exemplars") }
                guard isChosen else { continue }
                key.minute = chosen.filter.stepStart(of: minute)
                calls[key, default: Figures()].merge(figures)
                guard rows <= bounds.rows else { throw .tooManyRows(limit: bounds.rows) }
            }
        }
    }
}
