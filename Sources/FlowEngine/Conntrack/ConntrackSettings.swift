// SPDX-License-Identifier: GPL-3.0-or-later

/// The sysctls of conntrack and flowtables, with the kernel's defaults. Times in seconds.
///
/// Source: net/netfilter/nf_conntrack_standalone.c.
package struct ConntrackSettings: Equatable, Sendable {
  package var accounting = false
  package var timestamps = false
  /// 0 never, 1 always, 2 when somebody listened as the entry was made.
  package var events: UInt8 = 2
  package var verifiesChecksums = true
  package var maximumEntries = 262_144
  package var maximumExpectations = 4096

  package var tcpLoose = true
  package var tcpLiberal = false
  package var tcpIgnoresInvalidReset = false
  package var tcpMaximumRetransmissions: UInt8 = 3
  /// By TCP state, `TCPState.rawValue`.
  package var tcpTimeouts: [10 of UInt64] = [0, 120, 60, 432_000, 120, 60, 30, 120, 10, 120]
  package var tcpRetransmissionTimeout: UInt64 = 300
  package var tcpUnacknowledgedTimeout: UInt64 = 300
  package var udpTimeout: UInt64 = 30
  package var udpStreamTimeout: UInt64 = 120
  package var icmpTimeout: UInt64 = 30
  package var icmpv6Timeout: UInt64 = 30
  package var greTimeout: UInt64 = 30
  package var greStreamTimeout: UInt64 = 180
  package var genericTimeout: UInt64 = 600
  /// By SCTP state.
  package var sctpTimeouts: [9 of UInt64] = [0, 10, 3, 3, 210, 3, 3, 3, 30]
  package var flowtableTCPTimeout: UInt64 = 30
  package var flowtableUDPTimeout: UInt64 = 30
  package var fragment6Timeout: UInt64 = 60

  package init() {}

  package static func == (left: ConntrackSettings, right: ConntrackSettings) -> Bool {
    left.names.allSatisfy { left.value($0) == right.value($0) }
  }

  /// Names of all settings, without `net.netfilter.`.
  package var names: [String] {
    Self.fields.map(\.name) + Self.tcpFields.map(\.name) + Self.sctpFields.map(\.name)
  }

  private struct Field: Sendable {
    let name: String
    let path: @Sendable (inout ConntrackSettings, UInt64?) -> UInt64
  }

  private struct ArrayField: Sendable {
    let name: String
    let index: Int
  }

  /// A field that reads and, when a value comes, writes `path`.
  private static func field(_ name: String, _ path: any WritableKeyPath<ConntrackSettings, UInt64> & Sendable)
    -> Field
  {
    Field(name: name) { settings, value in
      if let value { settings[keyPath: path] = value }
      return settings[keyPath: path]
    }
  }

  private static func flag(_ name: String, _ path: any WritableKeyPath<ConntrackSettings, Bool> & Sendable)
    -> Field
  {
    Field(name: name) { settings, value in
      if let value { settings[keyPath: path] = value != 0 }
      return settings[keyPath: path] ? 1 : 0
    }
  }

  private static func count(_ name: String, _ path: any WritableKeyPath<ConntrackSettings, Int> & Sendable)
    -> Field
  {
    Field(name: name) { settings, value in
      if let value { settings[keyPath: path] = Int(clamping: value) }
      return UInt64(settings[keyPath: path])
    }
  }

  private static func octet(_ name: String, _ path: any WritableKeyPath<ConntrackSettings, UInt8> & Sendable)
    -> Field
  {
    Field(name: name) { settings, value in
      if let value { settings[keyPath: path] = UInt8(clamping: value) }
      return UInt64(settings[keyPath: path])
    }
  }

  private static let fields: [Field] = [
    flag("nf_conntrack_acct", \.accounting),
    flag("nf_conntrack_timestamp", \.timestamps),
    octet("nf_conntrack_events", \.events),
    flag("nf_conntrack_checksum", \.verifiesChecksums),
    count("nf_conntrack_max", \.maximumEntries),
    count("nf_conntrack_expect_max", \.maximumExpectations),
    flag("nf_conntrack_tcp_loose", \.tcpLoose),
    flag("nf_conntrack_tcp_be_liberal", \.tcpLiberal),
    flag("nf_conntrack_tcp_ignore_invalid_rst", \.tcpIgnoresInvalidReset),
    octet("nf_conntrack_tcp_max_retrans", \.tcpMaximumRetransmissions),
    field("nf_conntrack_tcp_timeout_max_retrans", \.tcpRetransmissionTimeout),
    field("nf_conntrack_tcp_timeout_unacknowledged", \.tcpUnacknowledgedTimeout),
    field("nf_conntrack_udp_timeout", \.udpTimeout),
    field("nf_conntrack_udp_timeout_stream", \.udpStreamTimeout),
    field("nf_conntrack_icmp_timeout", \.icmpTimeout),
    field("nf_conntrack_icmpv6_timeout", \.icmpv6Timeout),
    field("nf_conntrack_gre_timeout", \.greTimeout),
    field("nf_conntrack_gre_timeout_stream", \.greStreamTimeout),
    field("nf_conntrack_generic_timeout", \.genericTimeout),
    field("nf_flowtable_tcp_timeout", \.flowtableTCPTimeout),
    field("nf_flowtable_udp_timeout", \.flowtableUDPTimeout),
    field("nf_conntrack_frag6_timeout", \.fragment6Timeout),
  ]

  private static let tcpFields: [ArrayField] = [
    ArrayField(name: "nf_conntrack_tcp_timeout_syn_sent", index: 1),
    ArrayField(name: "nf_conntrack_tcp_timeout_syn_recv", index: 2),
    ArrayField(name: "nf_conntrack_tcp_timeout_established", index: 3),
    ArrayField(name: "nf_conntrack_tcp_timeout_fin_wait", index: 4),
    ArrayField(name: "nf_conntrack_tcp_timeout_close_wait", index: 5),
    ArrayField(name: "nf_conntrack_tcp_timeout_last_ack", index: 6),
    ArrayField(name: "nf_conntrack_tcp_timeout_time_wait", index: 7),
    ArrayField(name: "nf_conntrack_tcp_timeout_close", index: 8),
  ]

  private static let sctpFields: [ArrayField] = [
    ArrayField(name: "nf_conntrack_sctp_timeout_closed", index: 1),
    ArrayField(name: "nf_conntrack_sctp_timeout_cookie_wait", index: 2),
    ArrayField(name: "nf_conntrack_sctp_timeout_cookie_echoed", index: 3),
    ArrayField(name: "nf_conntrack_sctp_timeout_established", index: 4),
    ArrayField(name: "nf_conntrack_sctp_timeout_shutdown_sent", index: 5),
    ArrayField(name: "nf_conntrack_sctp_timeout_shutdown_recd", index: 6),
    ArrayField(name: "nf_conntrack_sctp_timeout_shutdown_ack_sent", index: 7),
    ArrayField(name: "nf_conntrack_sctp_timeout_heartbeat_sent", index: 8),
  ]

  /// Sets the sysctl `name`, with or without `net.netfilter.` before it.
  /// - Returns: false when there is no such setting.
  package mutating func set(_ name: String, to value: UInt64) -> Bool { access(name, value) != nil }

  /// The value of the sysctl `name`, nil when there is no such setting.
  package func value(_ name: String) -> UInt64? {
    var copy = self
    return copy.access(name, nil)
  }

  private mutating func access(_ name: String, _ value: UInt64?) -> UInt64? {
    let prefix = "net.netfilter."
    let key = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
    if let field = Self.fields.first(where: { $0.name == key }) { return field.path(&self, value) }
    if let field = Self.tcpFields.first(where: { $0.name == key }) {
      if let value {
        tcpTimeouts[field.index] = value
        if field.index == 1 { tcpTimeouts[9] = value }
      }
      return tcpTimeouts[field.index]
    }
    guard let field = Self.sctpFields.first(where: { $0.name == key }) else { return nil }
    if let value { sctpTimeouts[field.index] = value }
    return sctpTimeouts[field.index]
  }
}
