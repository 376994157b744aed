// SPDX-License-Identifier: GPL-3.0-or-later
private import CNetfilter
package import NetlinkWire
private import Synchronization

/// Who answers requests: the kernel of the current network namespace, or a running engine.
///
/// Like the network namespace, it belongs to the whole process: it is chosen once, before the first request.
package enum NetlinkEndpoint: Equatable, Sendable {
  case kernel
  case engine(EngineInstance)

  private static let chosen = Mutex<NetlinkEndpoint>(.kernel)

  /// Who is asked.
  package static var current: NetlinkEndpoint {
    get { chosen.withLock { $0 } }
    set { chosen.withLock { $0 = newValue } }
  }

  /// Whether an engine is asked.
  package var isEngine: Bool { self != .kernel }

  /// Opens a socket to who is asked.
  ///
  /// - Parameters:
  ///   - bus: the netlink protocol; an engine has no xfrm.
  ///   - isBlocking: whether receiving waits.
  /// - Returns: the socket.
  /// - Throws: ``NetlinkError`` of ``KernelSocket`` or ``EngineSocket``.
  package static func open(
    _ bus: KernelSocket.Bus = .netfilter, isBlocking: Bool = true
  ) throws(NetlinkError) -> any NetlinkTransport {
    switch current {
    case .kernel: try KernelSocket(bus, isBlocking: isBlocking)
    case .engine(let instance):
      try EngineSocket(instance, netlinkProtocol: bus.number, isBlocking: isBlocking)
    }
  }
}
