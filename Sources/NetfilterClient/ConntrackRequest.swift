// SPDX-License-Identifier: GPL-3.0-or-later
internal import CNetfilter
package import NetlinkWire

/// Requests of nfnetlink's conntrack subsystem, built with libnetfilter_conntrack and libmnl.
package enum ConntrackRequest {
  /// Asks for all entries that the filter lets through.
  package static func dump(_ filter: KernelFilter, isZeroingCounters: Bool, sequence: UInt32) -> [UInt8] {
    let message = isZeroingCounters ? ConntrackMessage.getAndZeroCounters : ConntrackMessage.get
    var request = builder(message, .dump, filter.family, sequence)
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
  static func put(_ tuple: ConntrackTuple, _ type: UInt16, into request: inout RequestBuilder) {
    let isIPv6 = tuple.family == .ipv6
    request.nest(type) { request in
      request.nest(ConntrackAttribute.Tuple.addresses) { request in
        typealias Address = ConntrackAttribute.Address
        request.put(isIPv6 ? Address.ipv6Source : Address.ipv4Source, tuple.source)
        request.put(isIPv6 ? Address.ipv6Destination : Address.ipv4Destination, tuple.destination)
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

  /// The filter: mark and status as libnetfilter_conntrack writes them, the rest, which its releases before 1.1.0
  /// do not know, by hand.
  static func put(_ filter: KernelFilter, into request: inout RequestBuilder) {
    unsafe request.withMessage { message in
      // Safe: the library copies both values; the filter is destroyed once, after its last use.
      guard let dump = unsafe nfct_filter_dump_create() else { return }
      defer { unsafe nfct_filter_dump_destroy(dump) }
      if filter.markMask != 0 {
        var mark = nfct_filter_dump_mark(val: filter.markValue, mask: filter.markMask)
        unsafe nfct_filter_dump_set_attr(dump, NFCT_FILTER_DUMP_MARK, &mark)
      }
      if filter.statusMask != 0 {
        var status = nfct_filter_dump_mark(val: filter.requiredStatus.rawValue, mask: filter.statusMask)
        unsafe nfct_filter_dump_set_attr(dump, NFCT_FILTER_DUMP_STATUS, &status)
      }
      unsafe nfct_nlmsg_build_filter(message, dump)
    }
    if let zone = filter.zone { request.put(ConntrackAttribute.zone, zone) }
    let originalFlags = put(filter.original, ConntrackAttribute.originalTuple, into: &request)
    let replyFlags = put(filter.reply, ConntrackAttribute.replyTuple, into: &request)
    guard originalFlags | replyFlags != 0 else { return }
    request.nest(ConntrackAttribute.filter) { request in
      // In host byte order, unlike every other number of this subsystem.
      request.put(1, host: originalFlags)
      request.put(2, host: replyFlags)
    }
  }

  /// Puts the fields that a direction is filtered by.
  ///
  /// - Returns: their flags (`CTA_FILTER_F_*`).
  private static func put(
    _ tuple: KernelFilter.Tuple, _ type: UInt16, into request: inout RequestBuilder
  ) -> UInt32 {
    typealias Flag = ConntrackAttribute.FilterFlag
    var flags: UInt32 = 0
    guard !tuple.isEmpty else { return 0 }
    request.nest(type) { request in
      if tuple.source != nil || tuple.destination != nil {
        request.nest(ConntrackAttribute.Tuple.addresses) { request in
          // The kernel wants both addresses, whichever it compares.
          request.put(
            ConntrackAttribute.Address.ipv4Source, bytes: (tuple.source ?? IPAddress(ipv4: 0)).octets)
          request.put(
            ConntrackAttribute.Address.ipv4Destination,
            bytes: (tuple.destination ?? IPAddress(ipv4: 0)).octets)
        }
        if tuple.source != nil { flags |= Flag.source }
        if tuple.destination != nil { flags |= Flag.destination }
      }
      guard let layer4 = tuple.layer4 else { return }
      flags |= Flag.protocolNumber
      request.nest(ConntrackAttribute.Tuple.layer4) { request in
        request.put(ConntrackAttribute.Layer4.number, layer4)
        if let port = tuple.sourcePort {
          request.put(ConntrackAttribute.Layer4.sourcePort, port)
          flags |= Flag.sourcePort
        }
        if let port = tuple.destinationPort {
          request.put(ConntrackAttribute.Layer4.destinationPort, port)
          flags |= Flag.destinationPort
        }
      }
    }
    return flags
  }
}
