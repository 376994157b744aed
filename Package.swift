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

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "ftctl",
  products: [
    .executable(name: "ftctl", targets: ["ftctl"])
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
    .target(name: "NetlinkWire", swiftSettings: strict),
    .target(
      name: "NetfilterClient", dependencies: ["NetlinkWire", "CNetfilter"], swiftSettings: strict),
    .target(name: "Reporting", dependencies: ["NetlinkWire"], swiftSettings: strict),
    .executableTarget(
      name: "ftctl",
      dependencies: ["NetfilterClient", "NetlinkWire", "Reporting", "CNetfilter", argumentParser],
      swiftSettings: strict),
    .executableTarget(
      name: "ConntrackFill", dependencies: ["NetfilterClient", "NetlinkWire"], path: "Tests/ConntrackFill",
      swiftSettings: strict),
    .testTarget(
      name: "ReportingTests", dependencies: ["Reporting", "NetfilterClient", "NetlinkWire", "CNetfilter"],
      swiftSettings: strict),
    .testTarget(
      name: "ChangeTests", dependencies: ["NetfilterClient", "NetlinkWire", "ftctl", "ConntrackFill"],
      swiftSettings: strict),
    .testTarget(name: "DropInTests", swiftSettings: strict),
    .testTarget(
      name: "NetfilterClientTests", dependencies: ["NetfilterClient", "NetlinkWire"], swiftSettings: strict),
  ]
)

// Fuzz targets need libFuzzer, which only a build with --sanitize=fuzzer links.
if Context.environment["FTCTL_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "FuzzNetlink", dependencies: ["NetlinkWire", "Reporting"],
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
}
