// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Lists of entries that are not in the table: not any more, or not yet.
package enum ConntrackSideList: Sendable {
  /// Removed, but their event could not be delivered yet.
  case dying
  /// Their first packet is on its way; empty on kernels since 5.19.
  case unconfirmed
}

extension NetlinkSession {
  /// Dumps the entries of a side list.
  ///
  /// - Parameters:
  ///   - list: which of the two lists.
  ///   - family: entries of this family; unspecified is every one.
  ///   - body: reads an entry, whose storage the next one reuses.
  /// - Throws: ``NetlinkError``; what `body` throws.
  package func dumpConntrack(
    _ list: ConntrackSideList, _ family: AddressFamily, _ body: (inout ConntrackEntry) throws -> Void
  ) throws {
    let message = list == .dying ? ConntrackMessage.getDying : ConntrackMessage.getUnconfirmed
    let request = RequestBuilder(
      type: ConntrackMessage.type(message), flags: .dump, sequence: nextSequence(),
      netfilter: NetfilterHeader(family: family.rawValue))
    var entry = ConntrackEntry()
    _ = try dump("list conntrack entries", request.bytes) { type, payload in
      guard type == ConntrackMessage.type(ConntrackMessage.new) else { return true }
      try entry.decode(payload)
      try body(&entry)
      return true
    }
  }
}
