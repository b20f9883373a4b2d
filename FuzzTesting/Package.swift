// swift-tools-version:6.2
import PackageDescription

// Built and run by scripts/fuzz.
let package = Package(
    name: "hms-ops-fuzz-testing",
    dependencies: [.package(name: "hms-ops", path: "..")],
    targets: [
        .executableTarget(
            name: "fuzz-scanner",
            dependencies: [.product(name: "WireFormat", package: "hms-ops"), "CLibFuzzer"],
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .target(name: "CLibFuzzer"),
    ]
)
