// SPDX-License-Identifier: GPL-3.0-or-later
internal import CNetfilter
package import NetlinkWire

/// Requests of nfnetlink's conntrack subsystem, built with libnetfilter_conntrack and libmnl.
package enum ConntrackRequest {
  /// Asks for all entries that the filter lets through.
  package static func dump(_ filter: KernelFilter, isZeroingCounters: Bool, sequence: UInt32) -> [UInt8] {
    let message = isZeroingCounters ? ConntrackMessage.getAndZeroCounters : ConntrackMessage.get
    var request = builder(message, .dump, filter.family ?? .unspecified, sequence)
    put(filter, into: &request)
    return request.bytes
  }

  /// Asks for the entry with this tuple, in either direction.
  package static func get(_ tuple: ConntrackTuple, zone: UInt16, sequence: UInt32) -> [UInt8] {
    var request = builder(ConntrackMessage.get, .acknowledge, tuple.family, sequence)
    put(tuple, ConntrackAttribute.originalTuple, into: &request)
    if zone != 0 { request.put(ConntrackAttribute.zone, zone) }
    return request.bytes
  }

  /// Asks for the counters of every CPU.
  package static func statisticsPerCPU(sequence: UInt32) -> [UInt8] {
    builder(ConntrackMessage.getStatisticsPerCPU, .dump, .unspecified, sequence).bytes
  }

  /// Asks for the number of entries and its limit.
  package static func statistics(sequence: UInt32) -> [UInt8] {
    builder(ConntrackMessage.getStatistics, .acknowledge, .unspecified, sequence).bytes
  }

  private static func builder(
    _ message: UInt8, _ flags: NetlinkFlags, _ family: AddressFamily, _ sequence: UInt32
  ) -> RequestBuilder {
    RequestBuilder(
      type: ConntrackMessage.type(message), flags: flags, sequence: sequence,
      netfilter: NetfilterHeader(family: family.rawValue))
  }

  /// The tuple as an attribute; libnetfilter_conntrack only writes whole entries.
  private static func put(_ tuple: ConntrackTuple, _ type: UInt16, into request: inout RequestBuilder) {
    let isIPv6 = tuple.family == .ipv6
    request.nest(type) { request in
      request.nest(ConntrackAttribute.Tuple.addresses) { request in
        typealias Address = ConntrackAttribute.Address
        request.put(isIPv6 ? Address.ipv6Source : Address.ipv4Source, bytes: tuple.source.octets)
        request.put(isIPv6 ? Address.ipv6Destination : Address.ipv4Destination, bytes: tuple.destination.octets)
      }
      request.nest(ConntrackAttribute.Tuple.layer4) { request in
        typealias Layer4 = ConntrackAttribute.Layer4
        request.put(Layer4.number, tuple.layer4)
        switch tuple.layer4 {
        case Layer4Protocol.icmp:
          request.put(Layer4.icmpID, tuple.icmpID)
          request.put(Layer4.icmpType, tuple.icmpType)
          request.put(Layer4.icmpCode, tuple.icmpCode)
        case Layer4Protocol.icmpv6:
          request.put(Layer4.icmpv6ID, tuple.icmpID)
          request.put(Layer4.icmpv6Type, tuple.icmpType)
          request.put(Layer4.icmpv6Code, tuple.icmpCode)
        default:
          if Layer4Protocol.hasPorts(tuple.layer4) || tuple.layer4 == Layer4Protocol.gre {
            request.put(Layer4.sourcePort, tuple.sourcePort)
            request.put(Layer4.destinationPort, tuple.destinationPort)
          }
        }
      }
      if tuple.hasZone { request.put(ConntrackAttribute.Tuple.zone, tuple.zone) }
    }
  }

  private static func put(_ filter: KernelFilter, into request: inout RequestBuilder) {}
}
