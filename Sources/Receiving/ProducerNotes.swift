/// What is kept of producers over restarts: 48 bytes for each, integers little endian: id, highest, recent, missing, late,
/// duplicates.
package enum ProducerNotes {
    static let length = 48

    package static func encode(_ producers: [ProducerTable.Producer]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(producers.count * length)
        for producer in producers {
            for word in [
                producer.id, producer.highest, producer.recent, producer.missing, producer.late, producer.duplicates,
            ] {
                withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return bytes
    }

    /// What is left of a producer at the end, if the bytes are not a whole number of them, is ignored.
    package static func decode(_ bytes: [UInt8]) -> [ProducerTable.Producer] {
        stride(from: 0, through: bytes.count - length, by: length).map { start in
            func word(_ index: Int) -> UInt64 {
                (0..<8).reduce(0) { $0 | UInt64(bytes[start + 8 * index + $1]) << UInt64(8 * $1) }
            }
            var producer = ProducerTable.Producer(word(0), startingAt: word(1))
            (producer.recent, producer.missing, producer.late, producer.duplicates) = (
                word(2), word(3), word(4), word(5)
            )
            return producer
        }
    }
}
