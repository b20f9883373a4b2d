/// What every program of the product says of itself.
package enum Product {
    package static let version = "0.1.0"
}
