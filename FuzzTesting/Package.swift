// swift-tools-version:6.2
import PackageDescription

// Built and run by scripts/fuzz. Each target has no main: `--sanitize fuzzer` links libFuzzer's.
let package = Package(
    name: "hms-ops-fuzz-testing",
    dependencies: [.package(name: "hms-ops", path: "..")],
    targets: [
        .executableTarget(
            name: "fuzz-scanner",
            dependencies: [.product(name: "WireFormat", package: "hms-ops")],
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "fuzz-metric-text",
            dependencies: [.product(name: "MetricDoors", package: "hms-ops")],
            swiftSettings: [.treatAllWarnings(as: .error)]),
    ]
)
