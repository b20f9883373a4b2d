// swift-tools-version:6.2
import PackageDescription

// Imports point down this file only: a target may depend on targets above it, never on those below.
// `scripts/check.sh` builds with the undeclared-import check, so an arrow that is not written here is an error.

let common: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]
/// For modules that never touch a pointer: the compiler rejects unsafe code in them.
let pointerFree = common + [.strictMemorySafety()]
/// For the module whose types keep a borrowed span.
let lifetimes = common + [.enableExperimentalFeature("Lifetimes")]

func library(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = common) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}
func program(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: common)
}
func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], settings: [SwiftSetting] = common
) -> Target {
    .testTarget(name: name + "Tests", dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "hms-ops",
    products: [
        .executable(name: "hms-sidecar", targets: ["hms-sidecar"]),
        .executable(name: "hms-collector", targets: ["hms-collector"]),
        .executable(name: "hms-ops", targets: ["hms-ops"]),
        .executable(name: "hms-demo", targets: ["hms-demo"]),
        .library(name: "HMSTrace", targets: ["HMSTrace"]),
        // For the packages beside this one: Benchmarks and FuzzTesting.
        .library(name: "WireFormat", targets: ["WireFormat"]),
        .library(name: "MetricDoors", targets: ["MetricDoors"]),
    ],
    targets: [
        // C libraries and kernel interfaces: module maps and shims, no decisions.
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "CLinux"),
        .target(name: "CHMSProto", dependencies: ["CProtobufC"]),
        .target(name: "CLiteralSearch"),

        // Plain values and encodings.
        library("TraceModel", settings: pointerFree),
        library("Configuration", settings: pointerFree),
        library("WireFormat", ["TraceModel"], settings: lifetimes),
        library("JSON"),
        library("SelfTelemetry", ["CLinux"]),

        // One C library or kernel interface each, made safe.
        library("EventLoop", ["CLinux"]),
        library("Files", ["CLinux"]),
        library("Compression", ["CZstd", "CZlib"]),
        library("TLS", ["COpenSSL"]),
        // Who may do what: keys, scopes, tenants and the audit log, as text, files and values.
        library("Access", ["Configuration", "SelfTelemetry", "JSON", "Files", "TLS", "CLinux"]),
        library("HTTP", ["CNghttp2", "CLinux", "EventLoop", "TLS"]),

        // OTLP: bytes to views, values and JSON, and back.
        library("OTLP", ["TraceModel", "WireFormat", "JSON"]),
        library("LargeArrays", ["CLinux"]),
        library("SpanColumns", ["TraceModel", "WireFormat", "LargeArrays"], settings: lifetimes),
        library("SpanTokens", ["CLinux"]),
        library("Outlines", ["TraceModel", "Files"]),
        library("Summaries", ["TraceModel", "Outlines", "LargeArrays"]),
        library(
            "SegmentStore",
            ["TraceModel", "WireFormat", "SpanTokens", "Outlines", "Summaries", "Compression", "Files", "CLinux"]),
        // Requests as files, and on their way to a server until it has answered for them.
        library("OTLPFiles", ["WireFormat", "JSON", "Compression", "OTLP"]),
        library("OTLPDelivery", ["WireFormat", "OTLP", "HTTP", "EventLoop", "Compression"]),
        library("StoreBackup", ["JSON", "Files", "SegmentStore"]),
        library("Spool", ["WireFormat", "EventLoop", "Files", "CLinux"]),
        library("Refining", ["TraceModel", "WireFormat", "CLiteralSearch"]),
        library("TraceAssembly", ["TraceModel", "OTLP", "SpanColumns", "LargeArrays"], settings: pointerFree),
        // Who calls whom, and how it went: of one trace, of many, and of all that is stored.
        library(
            "CallGraph", ["TraceModel", "OTLP", "SpanTokens", "Summaries", "TraceAssembly"], settings: pointerFree),
        library(
            "QueryLanguage", ["TraceModel", "WireFormat", "OTLP", "SpanColumns", "TraceAssembly"],
            settings: pointerFree),
        library(
            "TraceComparison", ["TraceModel", "OTLP", "Summaries", "TraceAssembly", "QueryLanguage"],
            settings: pointerFree),
        library("ForeignTraces", ["TraceModel", "JSON", "OTLP"], settings: pointerFree),

        // What both daemons do alike: start, answer health, wait for signals.
        library("Daemon", ["Access", "Configuration", "SelfTelemetry", "EventLoop", "HTTP", "TLS", "CLinux"]),

        // One front door each.
        library(
            "Receiving",
            [
                "TraceModel", "WireFormat", "Refining", "OTLP", "JSON", "HTTP", "EventLoop", "Compression",
                "SelfTelemetry", "CLinux",
            ]),
        library(
            "MetricDoors",
            ["WireFormat", "JSON", "HTTP", "TLS", "EventLoop", "Compression", "SelfTelemetry", "Receiving", "CLinux"]),
        library(
            "Forwarding",
            [
                "TraceModel", "WireFormat", "OTLP", "OTLPDelivery", "HTTP", "EventLoop", "Files", "Spool",
                "Compression",
                "SelfTelemetry",
            ]),
        library(
            "TraceSearch",
            ["TraceModel", "OTLP", "SpanTokens", "Outlines", "SegmentStore", "TraceAssembly", "QueryLanguage"]),
        library(
            "Querying",
            [
                "TraceModel", "WireFormat", "OTLP", "JSON", "Files", "HTTP", "SegmentStore", "Summaries", "SpanColumns",
                "TraceAssembly", "CallGraph", "QueryLanguage", "TraceComparison", "TraceSearch", "SelfTelemetry",
            ]),
        // Takes spans out of a store for good, and gives a receipt.
        library(
            "Erasure",
            [
                "TraceModel", "JSON", "Files", "TLS", "Access", "SegmentStore", "QueryLanguage", "TraceAssembly",
                "TraceSearch",
            ]),
        // What retention leaves: rules and pins.
        library(
            "Keeping",
            ["TraceModel", "Configuration", "JSON", "Files", "SegmentStore", "QueryLanguage", "TraceSearch"]),
        library(
            "JaegerAPI", ["TraceModel", "OTLP", "TraceAssembly", "JSON", "HTTP"], settings: pointerFree),
        library(
            "Tee",
            ["WireFormat", "OTLPDelivery", "HTTP", "EventLoop", "Files", "SegmentStore", "SelfTelemetry"]),
        .target(
            name: "Console", dependencies: ["HTTP", "Files"], resources: [.embedInCode("Assets")], swiftSettings: common
        ),

        // What services link.
        library("HMSTrace", ["TraceModel", "WireFormat", "EventLoop", "HTTP", "CLinux"]),

        // Which parts exist and how they are wired.
        library(
            "Sidecar",
            [
                "Daemon", "Access", "Configuration", "TraceModel", "WireFormat", "JSON", "Refining", "Receiving",
                "MetricDoors",
                "Spool", "OTLPDelivery", "Forwarding", "SelfTelemetry", "EventLoop", "Files", "HTTP", "TLS", "CLinux",
            ]),
        library(
            "Collector",
            [
                "Daemon", "Access", "Configuration", "TraceModel", "WireFormat", "Receiving", "SegmentStore",
                "Summaries", "TraceSearch", "Erasure", "Keeping", "JSON", "Querying", "JaegerAPI", "OTLP",
                "TraceAssembly", "QueryLanguage", "Console", "Files", "OTLPDelivery", "Tee", "SelfTelemetry",
                "EventLoop", "HTTP", "TLS", "CLinux",
            ]),
        library(
            "OpsCommands",
            [
                "Access", "Configuration", "TraceModel", "WireFormat", "OTLP", "JSON", "EventLoop", "HTTP", "TLS",
                "SegmentStore", "TraceAssembly", "CallGraph", "ForeignTraces", "Compression", "Files", "OTLPFiles",
                "OTLPDelivery",
                "StoreBackup", "CLinux",
            ]),

        // Programs: read flags and configuration, build, run.
        program("hms-sidecar", ["Sidecar"]),
        program("hms-collector", ["Collector"]),
        program("hms-ops", ["OpsCommands"]),
        program(
            "store-bench", ["SegmentStore", "Compression", "TraceModel", "WireFormat"],
            path: "Benchmarks/Sources/store-bench"),
        program("summary-bench", ["Summaries", "TraceModel"], path: "Benchmarks/Sources/summary-bench"),
        program("refine-bench", ["Refining", "WireFormat"], path: "Benchmarks/Sources/refine-bench"),
        program("hms-demo", ["HMSTrace", "TraceModel", "EventLoop", "HTTP", "CLinux"], path: "examples/Demo"),

        // What tests of several modules need.
        .target(
            name: "StorageTesting", dependencies: ["Files"], path: "Tests/StorageTesting", swiftSettings: common),
        .target(
            name: "QueryTesting", dependencies: ["QueryLanguage", "TraceModel", "OTLP", "TraceAssembly"],
            path: "Tests/QueryTesting", swiftSettings: common),
        .target(
            name: "TraceTesting", dependencies: ["TraceModel", "OTLP"], path: "Tests/TraceTesting",
            swiftSettings: common),

        tests("TraceModel", ["TraceModel"]),
        tests("LargeArrays", ["LargeArrays"]),
        tests("Configuration", ["Configuration"]),
        tests("WireFormat", ["WireFormat", "TraceModel", "CHMSProto", "CProtobufC"], settings: lifetimes),
        tests("JSON", ["JSON"]),
        tests("SelfTelemetry", ["SelfTelemetry"]),
        tests("EventLoop", ["EventLoop", "CLinux"]),
        tests("Compression", ["Compression", "CZlib", "CZstd"]),
        tests("TLS", ["TLS"]),
        tests("Access", ["Access", "JSON", "TLS"]),
        tests("HTTP", ["HTTP", "EventLoop", "TLS", "CLinux", "CNghttp2"]),
        tests("OTLP", ["OTLP", "TraceModel", "WireFormat", "JSON"]),
        tests("OTLPFiles", ["OTLPFiles", "OTLP", "WireFormat", "TraceModel", "Compression", "StorageTesting"]),
        tests("OTLPDelivery", ["OTLPDelivery", "OTLP", "WireFormat", "HTTP", "EventLoop", "Compression"]),
        tests(
            "StoreBackup",
            ["StoreBackup", "SegmentStore", "Files", "TraceModel", "WireFormat", "StorageTesting"]),
        tests(
            "Tee",
            [
                "Tee", "OTLPDelivery", "SegmentStore", "HTTP", "EventLoop", "SelfTelemetry", "TraceModel", "WireFormat",
                "StorageTesting",
            ]),
        tests(
            "SegmentStore",
            ["SegmentStore", "TraceModel", "WireFormat", "Compression", "Files", "StorageTesting", "CLinux"]),
        tests("SpanTokens", ["SpanTokens", "WireFormat", "OTLP", "TraceModel"]),
        tests("Files", ["Files", "StorageTesting"]),
        tests("Spool", ["Spool", "WireFormat", "EventLoop", "Files", "StorageTesting"]),
        tests("Refining", ["Refining", "WireFormat", "TraceModel"]),
        tests(
            "TraceAssembly", ["TraceAssembly", "SpanColumns", "TraceModel", "OTLP", "WireFormat", "TraceTesting"],
            exclude: ["Golden"]),
        tests("TraceComparison", ["TraceComparison", "TraceModel", "OTLP", "TraceAssembly", "QueryLanguage"]),
        tests("CallGraph", ["CallGraph", "TraceModel", "OTLP", "SpanTokens", "Summaries", "TraceAssembly"]),
        tests(
            "QueryLanguage",
            ["QueryLanguage", "QueryTesting", "TraceModel", "WireFormat", "OTLP", "SpanColumns", "TraceAssembly"]),
        tests(
            "TraceSearch",
            [
                "TraceSearch", "SegmentStore", "Summaries", "QueryLanguage", "QueryTesting", "TraceAssembly", "OTLP",
                "TraceModel", "WireFormat", "Files", "StorageTesting",
            ]),
        tests(
            "Erasure",
            [
                "Erasure", "Access", "TraceSearch", "SegmentStore", "QueryLanguage", "QueryTesting", "TraceAssembly",
                "OTLP",
                "TraceModel", "WireFormat", "Files", "JSON", "StorageTesting",
            ]),
        tests(
            "Keeping",
            [
                "Keeping", "SegmentStore", "OTLP", "TraceModel", "WireFormat", "Files", "StorageTesting",
            ]),
        tests("ForeignTraces", ["ForeignTraces", "TraceModel", "JSON", "OTLP"]),
        tests("Daemon", ["Daemon", "Access", "Configuration", "EventLoop", "HTTP", "SelfTelemetry", "TLS"]),
        tests("Outlines", ["Outlines", "TraceModel"]),
        tests("Summaries", ["Summaries", "Outlines", "TraceModel"]),
        tests("Receiving", ["Receiving", "WireFormat", "OTLP", "HTTP", "EventLoop", "Compression", "SelfTelemetry"]),
        tests(
            "MetricDoors",
            ["MetricDoors", "Receiving", "WireFormat", "HTTP", "EventLoop", "Compression", "SelfTelemetry"]),
        tests(
            "Forwarding",
            [
                "Forwarding", "OTLPDelivery", "Spool", "Files", "StorageTesting", "TraceModel", "WireFormat", "OTLP",
                "HTTP",
                "EventLoop", "Compression", "SelfTelemetry",
            ]),
        tests(
            "Querying",
            [
                "Querying", "CallGraph", "TraceModel", "OTLP", "JSON", "HTTP", "SegmentStore", "SelfTelemetry",
                "TraceAssembly", "Summaries", "TraceSearch", "QueryLanguage", "WireFormat",
            ]),
        tests(
            "JaegerAPI",
            ["JaegerAPI", "ForeignTraces", "TraceModel", "OTLP", "TraceAssembly", "JSON", "HTTP"]),
        tests("Console", ["Console", "HTTP", "Files"]),
        tests(
            "Sidecar",
            [
                "Sidecar", "Configuration", "Daemon", "Receiving", "Spool", "Forwarding", "Files", "StorageTesting",
                "EventLoop", "HTTP", "TraceModel", "WireFormat", "SelfTelemetry", "MetricDoors",
            ]),
        tests(
            "Collector",
            [
                "Collector", "Access", "Configuration", "Daemon", "EventLoop", "SegmentStore", "SelfTelemetry",
                "Querying",
                "QueryLanguage", "QueryTesting", "TraceSearch", "TraceAssembly", "TraceModel", "OTLP", "WireFormat",
                "HTTP", "JSON", "StorageTesting",
            ]),
        tests("HMSTrace", ["HMSTrace", "TraceModel", "WireFormat", "HTTP", "EventLoop", "CLinux"]),
        tests(
            "OpsCommands",
            [
                "OpsCommands", "Access", "Configuration", "Daemon", "HTTP", "EventLoop", "TraceModel", "OTLP", "JSON",
                "TraceAssembly", "CallGraph",
                "SegmentStore", "Compression", "OTLPDelivery", "OTLPFiles", "StorageTesting", "WireFormat",
            ]),
    ]
)

// What is `package` is open to targets of this package only, so the fuzz targets that need it belong to it. They have no main
// without libFuzzer: scripts/fuzz asks for them.
if Context.environment["HMS_FUZZ"] != nil {
    package.targets += [
        program("fuzz-refiner", ["Refining", "WireFormat"], path: "FuzzTesting/Sources/fuzz-refiner"),
        program(
            "fuzz-query", ["QueryLanguage", "QueryTesting", "TraceAssembly"], path: "FuzzTesting/Sources/fuzz-query"),
        program(
            "fuzz-store", ["Outlines", "SegmentStore", "Compression", "Files", "TraceModel"],
            path: "FuzzTesting/Sources/fuzz-store"),
    ]
}
