// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "hms-ops-benchmarks",
    dependencies: [.package(name: "hms-ops", path: "..")],
    targets: [
        .executableTarget(
            name: "scanner-bench",
            dependencies: [.product(name: "WireFormat", package: "hms-ops")],
            swiftSettings: [.treatAllWarnings(as: .error)])
    ]
)
