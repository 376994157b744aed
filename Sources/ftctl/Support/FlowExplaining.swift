// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetfilterClient
import NetlinkWire

extension FlowExplainer {
  /// Knows the namespace, or the engine, that the command asks.
  ///
  /// - Parameters:
  ///   - session: not in use for anything else.
  ///   - carriers: which devices are in which flowtable.
  ///   - purpose: what cannot be done where there are no flowtables: "explain flows".
  /// - Returns: what explains its flows.
  /// - Throws: ``NetlinkError``; ``CommandFailure`` where the kernel has no flowtables.
  static func ofPlace(
    _ session: NetlinkSession, _ carriers: CarrierFinder, for purpose: String
  ) throws -> FlowExplainer {
    let editor = RulesetEditor(session: session)
    let ruleset = try session.ruleset()
    try editor.requireFlowtables(for: purpose, in: ruleset)
    let links = try NetworkLinks.read(pppoe: SystemFile.text("/proc/net/pppoe"))
    func isOn(_ path: String) -> Bool { SystemFile.setting(path).map { $0 != 0 } ?? false }
    var time = timespec()
    // Safe: the structure lives through the call.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    let settings = Settings(
      needsWholePath: KernelRelease.current >= KernelRelease(6, 19),
      forwardsIPv4: isOn("net/ipv4/ip_forward"),
      forwardsIPv6: isOn("net/ipv6/conf/all/forwarding"),
      now: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    return try FlowExplainer(ruleset: ruleset, links: links, carriers: carriers, settings: settings)
  }
}
