// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// Which part of a packet a translation changes (enum nf_nat_manip_type).
package enum TranslationPart: Sendable { case source, destination }

/// What a translation may choose from (struct nf_nat_range2). Ports in host order.
package struct TranslationRange: Equatable, Sendable {
  package struct Flags: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    package static let addresses = Flags(rawValue: 1)
    package static let ports = Flags(rawValue: 2)
    package static let random = Flags(rawValue: 4)
    package static let persistent = Flags(rawValue: 8)
    package static let fullyRandom = Flags(rawValue: 0x10)
    package static let portOffset = Flags(rawValue: 0x20)
    package static let netmap = Flags(rawValue: 0x40)
    package static let anyRandom: Flags = [.random, .fullyRandom]
  }
  package var flags: Flags = []
  package var minimumAddress = Address.unspecified
  package var maximumAddress = Address.unspecified
  package var minimumPort: UInt16 = 0
  package var maximumPort: UInt16 = 0
  package var basePort: UInt16 = 0

  package init() {}

  /// The range of one address.
  package init(address: Address) {
    flags = .addresses
    minimumAddress = address
    maximumAddress = address
  }

  /// Whether `address` is inside.
  package func contains(_ address: Address) -> Bool {
    guard flags.contains(.addresses) else { return true }
    let value = (address.high, address.low)
    return (minimumAddress.high, minimumAddress.low) <= value
      && value <= (maximumAddress.high, maximumAddress.low)
  }

  /// Whether the port (or ICMP identifier) of the part that is changed is inside.
  package func contains(port: UInt16) -> Bool {
    guard flags.contains(.ports) else { return true }
    return minimumPort <= port && port <= maximumPort
  }
}
