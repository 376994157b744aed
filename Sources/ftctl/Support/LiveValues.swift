// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import NetfilterClient
import NetlinkWire

/// Values that exist on this machine now, for completion. They never fail: what cannot be known is left out.
enum LiveValues {
  static func namespaces() -> [String] { NetworkNamespace.names() + ["all"] }
}
