package import OTLPFiles
import TLS

/// The `x-hms-sender` that a file's content makes: the same content in the same batches is one sender, whatever the file is
/// called and however it is packed, so a collector takes each of its batches once.
package struct FileIdentity: Sendable, Equatable {
    /// A uuid, version 8 of RFC 9562: of one's own making.
    package let sender: String

    private static let chunkBytes = 1 << 20

    /// - Parameter cut: how the file is cut into batches; batches cut otherwise are others.
    package init(of source: ByteSource, cut: String) throws(OTLPFileError) {
        var digest = sha256(Array("hms-ops import, \(cut)".utf8))
        var chunk: [UInt8] = []
        var goesOn = true
        while goesOn {
            goesOn = try source.read(into: &chunk)
            // By whole chunks, as pieces come in sizes that depend on the packing.
            while chunk.count >= Self.chunkBytes {
                digest = sha256(digest + chunk[..<Self.chunkBytes])
                chunk.removeSubrange(..<Self.chunkBytes)
            }
        }
        self.init(digest: sha256(digest + chunk))
    }

    /// One that is never met again, for content that cannot be read twice.
    package static func random() -> FileIdentity {
        FileIdentity(digest: (0..<32).map { _ in UInt8.random(in: .min ... .max) })
    }

    private init(digest: [UInt8]) {
        var bytes = Array(digest[..<16])
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        sender = text
    }
}
