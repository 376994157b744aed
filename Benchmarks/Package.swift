// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-3.0-or-later
import PackageDescription

let package = Package(
  name: "Benchmarks",
  targets: [
    // What any listing costs at least: a dump that is only received.
    .executableTarget(name: "dump", path: "dump", cSettings: [.unsafeFlags(["-O2"])]),
    // The fast path's unavoidable work per packet, in C.
    .executableTarget(name: "fastpath", path: "fastpath", cSettings: [.unsafeFlags(["-O2"])]),
    .target(name: "Measuring", path: "Measuring"),
    .executableTarget(name: "Listing", dependencies: ["Measuring"], path: "Listing"),
    .executableTarget(name: "Changes", dependencies: ["Measuring"], path: "Changes"),
  ]
)
