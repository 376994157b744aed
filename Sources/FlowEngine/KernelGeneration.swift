// SPDX-License-Identifier: GPL-3.0-or-later

/// The Linux kernel whose behaviour the engine reproduces where kernels differ.
package enum KernelGeneration: String, CaseIterable, Comparable, Sendable {
  case linux61 = "6.1"
  case linux612 = "6.12"
  case linux72 = "7.2"

  package static func < (left: KernelGeneration, right: KernelGeneration) -> Bool {
    left.order < right.order
  }

  /// The generation that fits a kernel release such as `6.12.107+deb13-amd64`: the newest that is not newer.
  package init(release: String) {
    let numbers = release.split(separator: ".").prefix(2).map { part in
      Int(part.prefix { $0.isNumber }) ?? 0
    }
    let version = (numbers.first ?? 0) * 1000 + (numbers.count > 1 ? numbers[1] : 0)
    self = version >= 6016 ? .linux72 : version >= 6002 ? .linux612 : .linux61
  }

  private var order: Int {
    switch self {
    case .linux61: 0
    case .linux612: 1
    case .linux72: 2
    }
  }
}
