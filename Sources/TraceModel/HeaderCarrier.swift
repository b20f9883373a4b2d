/// Anything that has header fields by name.
public protocol HeaderCarrier {
    /// All values of this header in order. `name` is lower case; the comparison must not regard case.
    func headerValues(_ name: String) -> [String]
}
