// SPDX-License-Identifier: GPL-3.0-or-later
private import CNetfilter
private import NetlinkWire

/// Whether a device's hardware can carry flows, as ethtool's feature `hw-tc-offload` tells.
package enum HardwareOffload: String, Sendable {
  case on
  /// It could, but is switched off.
  case off
  case none
}

/// Asks the generic netlink family `ethtool` about features.
package final class FeatureReader {
  private let session: NetlinkSession
  private let family: UInt16

  /// - Throws: ``NetlinkError``: ENOENT on kernels before 5.6.
  package init() throws {
    session = NetlinkSession(try NetlinkEndpoint.open(.generic))
    var request = RequestBuilder(
      type: UInt16(GENL_ID_CTRL), flags: .acknowledge, sequence: session.nextSequence(),
      header: [UInt8(CTRL_CMD_GETFAMILY), 1, 0, 0])
    request.put(UInt16(CTRL_ATTR_FAMILY_NAME), text: "ethtool")
    var found: UInt16 = 0
    try session.transact("find the netlink family 'ethtool'", request.bytes) { _, payload in
      var attributes = AttributeCursor(payload, from: 4)
      while try attributes.advance() {
        if Int(attributes.type) == CTRL_ATTR_FAMILY_ID, attributes.payloadLength == 2 {
          found = attributes.payload.host16(at: 0)
        }
      }
    }
    family = found
  }

  /// Whether the device's hardware can carry flows; nil when the kernel does not tell.
  package func hardwareOffload(of device: String) -> HardwareOffload? {
    var request = RequestBuilder(
      type: family, flags: .acknowledge, sequence: session.nextSequence(),
      header: [UInt8(ETHTOOL_MSG_FEATURES_GET), 1, 0, 0])
    request.nest(UInt16(ETHTOOL_A_FEATURES_HEADER)) {
      $0.put(UInt16(ETHTOOL_A_HEADER_DEV_NAME), text: device)
    }
    var isActive = false
    var isChangeable = false
    do {
      try session.transact("read the features of '\(device)'", request.bytes) { _, payload in
        var attributes = AttributeCursor(payload, from: 4)
        while try attributes.advance() {
          switch Int(attributes.type) {
          case ETHTOOL_A_FEATURES_ACTIVE: isActive = try Self.hasOffload(attributes)
          case ETHTOOL_A_FEATURES_HW: isChangeable = try Self.hasOffload(attributes)
          default: break
          }
        }
      }
    } catch {
      return nil
    }
    return isActive ? .on : isChangeable ? .off : HardwareOffload.none
  }

  /// Whether a bit set has `hw-tc-offload` among its set bits.
  private static func hasOffload(_ cursor: AttributeCursor) throws -> Bool {
    var isList = false
    var result = false
    var attributes = cursor.nested
    while try attributes.advance() {
      if Int(attributes.type) == ETHTOOL_A_BITSET_NOMASK { isList = true }
      guard Int(attributes.type) == ETHTOOL_A_BITSET_BITS else { continue }
      var bits = attributes.nested
      while try bits.advance() {
        var name = ""
        var isSet = isList
        var bit = bits.nested
        while try bit.advance() {
          if Int(bit.type) == ETHTOOL_A_BITSET_BIT_NAME { name = bit.payload.text }
          if Int(bit.type) == ETHTOOL_A_BITSET_BIT_VALUE { isSet = true }
        }
        if name == "hw-tc-offload", isSet { result = true }
      }
    }
    return result
  }
}
