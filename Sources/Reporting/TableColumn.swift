// SPDX-License-Identifier: GPL-3.0-or-later

/// A column of a table of flows, by the name that `--columns` and `--sort` take.
package enum TableColumn: String, CaseIterable, Sendable, Hashable {
  case event, netns, family, proto, state, source, destination, translation, tag, flowtable, devices, packets,
    bytes
  case expires, mark, zone, labels, helper, status, age, start, use, id, bitrate, pktrate

  /// What a table shows unless it is told otherwise.
  package static let usual: [TableColumn] = [
    .proto, .state, .source, .destination, .translation, .tag, .flowtable, .packets, .bytes, .expires,
  ]

  /// What `--wide` adds.
  package static let more: [TableColumn] = [.mark, .zone, .labels, .helper, .age, .id]

  /// The columns named in `list`, separated by commas; a `+` before the first name adds them to those of `usual`.
  ///
  /// - Returns: the columns, up to the first name that is none; and that name.
  package static func parse(
    _ list: String, beside usual: [TableColumn] = usual
  ) -> (columns: [TableColumn], unknown: String?) {
    var columns = list.hasPrefix("+") ? usual : []
    for name in list.drop(while: { $0 == "+" }).split(separator: ",", omittingEmptySubsequences: false) {
      guard let column = TableColumn(rawValue: String(name)) else { return (columns, String(name)) }
      if !columns.contains(column) { columns.append(column) }
    }
    return (columns, nil)
  }

  /// Whether the cells are numbers, which stand on the right.
  package var isNumber: Bool {
    switch self {
    case .packets, .bytes, .expires, .mark, .zone, .age, .start, .use, .id, .bitrate, .pktrate: true
    case .event, .netns, .family, .proto, .state, .source, .destination, .translation, .tag, .flowtable,
      .devices,
      .labels, .helper, .status:
      false
    }
  }

  /// What the column holds, in a few words.
  package var about: StaticString {
    switch self {
    case .event: "what happened: new, update, destroy, offload, classic"
    case .netns: "network namespace"
    case .family: "ipv4 or ipv6"
    case .proto: "layer 4 protocol"
    case .state: "state of the connection, or type and code of ICMP"
    case .source: "source address and port (GRE: key)"
    case .destination: "destination address and port (GRE: key)"
    case .translation: "what the source (snat) and destination (dnat) become"
    case .tag: "OFFLOAD, HW_OFFLOAD, UNREPLIED or ASSURED"
    case .flowtable: "flowtable that carries the flow"
    case .devices: "devices that the flow goes through"
    case .packets: "packets of both directions"
    case .bytes: "octets of both directions"
    case .expires: "time until the entry expires"
    case .mark: "mark"
    case .zone: "zone; with o or r, of that direction alone"
    case .labels: "labels"
    case .helper: "connection tracking helper"
    case .status: "status bits"
    case .age: "time since the flow began"
    case .start: "when it began, in seconds since 1970"
    case .use: "references to the entry"
    case .id: "the kernel's identifier of the entry"
    case .bitrate: "bits a second: since the last look of top, else since the flow began"
    case .pktrate: "packets a second, likewise"
    }
  }
}
