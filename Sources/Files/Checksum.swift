import CLinux

/// CRC-32C of bytes that follow those already summed in `crc` (0 to begin).
package func checksum(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return crc }
    return hms_crc32c(crc, base, UInt(bytes.count))
}
