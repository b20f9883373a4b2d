import CLinux

/// Arrays of megabytes that are filled once. They ask for huge pages: to be given a fresh page of 4 KiB takes longer than to write to
/// all of it, and half of what a tree of a million spans costs would be that.
///
/// Inlinable: an array is filled element by element where its elements are known.
extension Array {
    /// An empty array with room for `count` elements.
    @inlinable public init(roomFor count: Int) {
        self.init()
        reserveCapacity(count)
        let bytes = count * MemoryLayout<Element>.stride
        // Told of before it is touched: pages are made when the first byte is written.
        if bytes >= 1 << 20 { withUnsafeMutableBufferPointer { preferHugePages($0.baseAddress, bytes) } }
    }

    @inlinable public init(large elements: some Collection<Element>) {
        self.init(roomFor: elements.count)
        append(contentsOf: elements)
    }

    @inlinable public init(large element: Element, count: Int) {
        self.init(large: repeatElement(element, count: count))
    }
}

@usableFromInline
func preferHugePages(_ bytes: UnsafeRawPointer?, _ count: Int) { hms_prefer_huge_pages(bytes, UInt(count)) }
