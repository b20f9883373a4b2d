import Files

/// Reads batches out of their segments, and checks every byte on the way. Lives on the loop that forwards.
package struct BatchReader {
    private let spool: Spool

    package init(_ spool: Spool) { self.spool = spool }

    package struct Content {
        package var items: UInt64
        package var sampled: UInt64
    }

    /// Reads the batch's messages, one behind the other: by protobuf's rules they are one message. Records whose bytes are not
    /// what was written are set aside and left out.
    package func read(_ batch: SpooledBatch, into bytes: inout [UInt8]) throws(SpoolError) -> Content {
        do { try batch.segment.file.read(batch.end - batch.start, at: batch.start, into: &bytes) } catch {
            throw .storage(error)
        }
        var content = Content(items: 0, sampled: 0)
        var damage: [Range<Int>] = []
        let kept = bytes.withUnsafeMutableBytes { bytes in
            Self.compact(bytes, batch, &content, &damage)
        }
        for range in damage {
            let offset = batch.start + range.lowerBound
            let name = "\(batch.lane.sender)-\(batch.segment.header.number)-\(offset).damaged"
            guard spool.countDamagedRecord(name) else { continue }
            // The bytes were moved about; the file still holds them as they are.
            var copy: [UInt8] = []
            try? batch.segment.file.read(range.count, at: offset, into: &copy)
            let path = spool.quarantine.keep(copy, as: name)
            spool.log(.damaged(path: batch.segment.path, offset: offset, length: range.count, keptAs: path))
        }
        bytes.removeLast(bytes.count - kept)
        return content
    }

    // MARK: in pieces

    /// Finds the message of a batch that consists of one record, and checks every byte of it, without having it in memory. Nil
    /// if there are several or anything is wrong; then `read` tells more.
    package func single(_ batch: SpooledBatch) throws(SpoolError) -> SingleMessage? {
        let file = batch.segment.file
        var head: [UInt8] = []
        do { try file.read(RecordHeader.length, at: batch.start, into: &head) } catch { throw .storage(error) }
        let header = head.withUnsafeBytes { RecordHeader($0, at: 0, salt: batch.segment.header.salt) }
        guard let header, header.recordLength == batch.length, header.batch == batch.sequence, header.follows(total: 0)
        else { return nil }
        let body = batch.start + RecordHeader.length
        var pieces = FilePieces(file, from: body, length: header.bodyLength)
        var digest = BodyDigest(length: header.bodyLength)
        var piece: [UInt8] = []
        while try pieces.next(into: &piece) { piece.withUnsafeBytes { digest.add($0) } }
        guard digest.finish() == header.digest else { return nil }
        return SingleMessage(
            content: Content(items: UInt64(header.items), sampled: UInt64(header.sampled)),
            length: header.messageLength, pieces: FilePieces(file, from: body, length: header.messageLength))
    }

    // MARK: as a whole

    /// Moves the messages of good records to the front; returns how many bytes they have.
    private static func compact(
        _ bytes: UnsafeMutableRawBufferPointer, _ batch: SpooledBatch, _ content: inout Content,
        _ damage: inout [Range<Int>]
    ) -> Int {
        let salt = batch.segment.header.salt
        var (offset, kept) = (0, 0)
        var total: UInt64 = 0
        while offset < bytes.count {
            let view = UnsafeRawBufferPointer(bytes)
            guard let header = RecordHeader(view, at: offset, salt: salt), header.recordLength <= bytes.count - offset
            else {
                let rest = UnsafeRawBufferPointer(rebasing: view[(offset + 1)...])
                let next = LaneRecovery.search(rest, salt: salt).map { offset + 1 + $0 } ?? bytes.count
                damage.append(offset..<next)
                offset = next
                continue
            }
            let body = offset + RecordHeader.length
            let end = offset + header.recordLength
            guard header.batch == batch.sequence, header.follows(total: total) else {
                // A copy of bytes that stand elsewhere.
                damage.append(offset..<end)
                offset = end
                continue
            }
            total = header.total
            if BodyDigest.of(UnsafeRawBufferPointer(rebasing: view[body..<end])) == header.digest {
                let message = UnsafeRawBufferPointer(rebasing: view[body..<body + header.messageLength])
                UnsafeMutableRawBufferPointer(rebasing: bytes[kept..<kept + message.count]).copyMemory(from: message)
                kept += message.count
                content.items += UInt64(header.items)
                content.sampled += UInt64(header.sampled)
            } else {
                damage.append(offset..<end)
            }
            offset = end
        }
        return kept
    }
}
