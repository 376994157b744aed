// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-3.0-or-later
import PackageDescription

let strict: [SwiftSetting] = [
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// For the modules that every entry of a listing or every packet passes: tests and debug builds keep the checks.
let hot = strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "ftctl",
  products: [
    .executable(name: "ftctl", targets: ["ftctl"]),
    // What `ftctl --userspace exec` loads into the programs it runs; found beside ftctl or in a lib folder.
    .library(name: "ftctl-preload", type: .dynamic, targets: ["CPreload"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .target(
      name: "CNetfilter",
      linkerSettings: [
        .linkedLibrary("mnl"), .linkedLibrary("nftnl"), .linkedLibrary("netfilter_conntrack"),
      ]),
    .target(
      name: "CPreload", cSettings: [.unsafeFlags(["-fvisibility=hidden"])],
      // Not a line of Swift is in it: nothing of the language is to be loaded into other programs.
      linkerSettings: [.unsafeFlags(["-nostartfiles", "-static-stdlib", "-Xlinker", "--as-needed"])]),
    // What loops of other modules call is public there, though no product exports it: in Swift 6.3 @inlinable has no
    // effect on package declarations.
    .target(name: "NetlinkWire", swiftSettings: hot),
    .target(name: "PacketWire", swiftSettings: hot),
    .target(name: "JSONDocument", swiftSettings: strict),
    .target(name: "CFlowMemory"),
    .target(
      name: "FlowEngine", dependencies: ["CFlowMemory", "PacketWire", "NetlinkWire"], swiftSettings: hot),
    .target(
      name: "EngineHost",
      dependencies: ["FlowEngine", "JSONDocument", "PacketWire", "NetlinkWire", "Reporting", "CNetfilter"],
      swiftSettings: strict),
    .target(
      name: "NetfilterClient", dependencies: ["JSONDocument", "NetlinkWire", "CNetfilter"], swiftSettings: hot
    ),
    .target(name: "Reporting", dependencies: ["NetlinkWire"], swiftSettings: hot),
    .executableTarget(
      name: "ftctl",
      dependencies: [
        "EngineHost", "FlowEngine", "JSONDocument", "NetfilterClient", "NetlinkWire", "Reporting",
        "CNetfilter",
        argumentParser,
      ],
      swiftSettings: hot),
    .executableTarget(
      name: "ConntrackFill", dependencies: ["NetfilterClient", "NetlinkWire"], path: "Tests/ConntrackFill",
      swiftSettings: strict),
    .executableTarget(
      name: "EngineServer",
      dependencies: ["EngineHost", "FlowEngine", "NetlinkWire", "PacketWire", "CNetfilter"],
      path: "Tests/EngineServer", swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["NetfilterClient"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .testTarget(
      name: "NetlinkWireTests", dependencies: ["NetlinkWire", "TestSupport"], exclude: ["NFTables"],
      swiftSettings: strict),
    .testTarget(
      name: "ReportingTests",
      dependencies: ["Reporting", "NetfilterClient", "NetlinkWire", "CNetfilter", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ChangeTests",
      dependencies: ["NetfilterClient", "NetlinkWire", "TestSupport", "ftctl", "ConntrackFill"],
      swiftSettings: strict),
    .testTarget(name: "DropInTests", dependencies: ["TestSupport", "EngineServer"], swiftSettings: strict),
    .testTarget(
      name: "NetfilterClientTests",
      dependencies: ["JSONDocument", "NetfilterClient", "NetlinkWire", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "CommandTests", dependencies: ["TestSupport", "EngineServer", "NetlinkWire"],
      exclude: ["Recordings"], swiftSettings: strict),
    .testTarget(name: "JSONDocumentTests", dependencies: ["JSONDocument"], swiftSettings: strict),
    .testTarget(name: "PacketWireTests", dependencies: ["PacketWire"], swiftSettings: strict),
    .testTarget(
      name: "FlowEngineTests", dependencies: ["FlowEngine", "PacketWire", "NetlinkWire"],
      swiftSettings: strict),
    .testTarget(
      name: "EngineHostTests",
      dependencies: [
        "EngineHost", "FlowEngine", "NetfilterClient", "NetlinkWire", "PacketWire", "CNetfilter",
        "TestSupport",
      ],
      exclude: ["Answers", "RuleMessages", "Traces"],
      swiftSettings: strict),
    .testTarget(
      name: "KernelTests", dependencies: ["TestSupport"],
      exclude: [
        "agreement.py", "checks.sh", "explain.sh", "flowtables.sh", "full.sh", "offload.sh", "refusals.sh",
        "session.py", "traffic.py",
      ],
      swiftSettings: strict),
  ]
)

// Fuzz targets need libFuzzer, which only a build with --sanitize=fuzzer links.
if Context.environment["FTCTL_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "FuzzNetlink", dependencies: ["NetlinkWire", "Reporting"],
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
  package.targets.append(
    .executableTarget(
      name: "FuzzControl", dependencies: ["FlowEngine", "NetlinkWire", "PacketWire"],
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
  package.targets.append(
    .executableTarget(
      name: "FuzzFrame", dependencies: ["FlowEngine", "NetlinkWire", "PacketWire"],
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
}

// The engine's interface is the package's own, so that its benchmark is a target here.
if Context.environment["FTCTL_BENCHMARKS"] != nil {
  package.targets.append(
    .executableTarget(
      name: "EngineBenchmark", dependencies: ["FlowEngine", "PacketWire"], path: "Benchmarks/Engine",
      swiftSettings: hot))
}
