// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Answers a packet with "destination unreachable" of its family.
  func sendUnreachable(_ packet: Packet, code: UInt8) {
    let type =
      packet.family == .ipv4 ? ICMPType.destinationUnreachable : ICMPv6Type.destinationUnreachable
    sendError(packet, type: type, code: code)
  }

  /// Answers an IPv4 packet that no route takes, unless its sender has just been told.
  ///
  /// Source: net/ipv4/route.c, ip_error.
  func sendUnroutable(_ packet: Packet, code: UInt8) {
    statistics.count(.noRoute)
    guard errorCredit.take(packet.source, at: now) else { return }
    sendError(packet, type: ICMPType.destinationUnreachable, code: code)
  }

  /// Answers a packet with an ICMP or ICMPv6 error that quotes it, if it may be answered.
  ///
  /// Source: net/ipv4/icmp.c, __icmp_send; net/ipv6/icmp.c, icmp6_send.
  func sendError(_ packet: Packet, type: UInt8, code: UInt8, word: UInt32 = 0) {
    guard mayBeAnswered(packet) else { return }
    let destination = packet.source
    let isOurs = isLocal(packet.destination, packet.family)
    // A translated source may be an address of the router's own; the output hook turns the answer to the sender. The packet's
    // mark is not the answer's.
    guard
      let route = lookUpRoute(
        packet.family, destination, from: isOurs ? packet.destination : provisionalSource(packet)),
      route.type == .unicast || route.type == .local
    else {
      return statistics.count(.noRoute)
    }
    // What tells of a path's MTU counts nowhere.
    if packet.family == .ipv4, generation.errorsTakeCredit,
      type != ICMPType.destinationUnreachable || code != 4
    {
      errorCredit.takeAll(destination, at: now)
    }
    let chosen =
      isOurs
      ? packet.destination
      : route.preferredSource
        ?? device(route.device)?.sourceAddress(towards: route.gateway ?? destination, packet.family)
    guard let source = chosen else { return statistics.count(.noRoute) }
    // Errors about IPv4 packets go with the precedence of internetwork control.
    let service = packet.family == .ipv4 ? packet.typeOfService & 0x1e | 0xc0 : 0
    let options = echoedOptions(packet, from: source)
    let limit =
      packet.family == .ipv4
      ? min(576, ownMTU(of: route)) - IPv4View.minimumLength - options.count : 1280 - IPv6View.headerLength
    let room = limit - ICMPView.headerLength
    let quote = packet.bytes[packet.network..<packet.network + max(0, min(packet.length, room))]
    let message = ICMPMessage(type: type, code: code, word: word, data: Array(quote))
    var answer = ownPacket(
      packet.family, from: source, to: destination, service: service, message, options: options)
    answer.route = route
    if conntrack.slot(packet.entry) != nil {
      answer.entry = packet.entry
      answer.tracking = packet.direction == .original ? .relatedReply : .related
    }
    statistics.count(.errorSent)
    sendLocal(&answer)
  }

  /// From where an error is sent as far as routing rules see it: ICMPv6 takes an address of the device that the packet came in
  /// on, ICMP has none before it has a route.
  ///
  /// Source: net/ipv4/icmp.c, icmp_route_lookup; net/ipv6/icmp.c, icmp6_send.
  private func provisionalSource(_ packet: Packet) -> Address {
    guard packet.family == .ipv6, rules6.decide else { return .unspecified }
    return device(packet.input)?.sourceAddress(towards: packet.source, .ipv6) ?? .unspecified
  }

  /// Whether a packet may be answered by an error: not a fragment but the first, no error itself, not sent to many.
  private func mayBeAnswered(_ packet: Packet) -> Bool {
    guard packet.type == .host || packet.type == .outgoing, packet.fragmentOffset == 0,
      packet.route?.type != .broadcast
    else { return false }
    let source = packet.source
    guard !source.isUnspecified, !source.isMulticast(packet.family) else { return false }
    guard !packet.destination.isMulticast(packet.family) else { return false }
    if packet.family == .ipv4, packet.destination.ipv4 == 0xffff_ffff { return false }
    guard packet.transport >= 0, packet.transport < packet.bytes.count else { return true }
    let type = packet.bytes[packet.transport]
    if packet.family == .ipv4, packet.proto == IPProtocol.icmp {
      return type <= ICMPType.highest && !ICMPType.isError(type)
    }
    return packet.family == .ipv4 || packet.proto != IPProtocol.icmpv6 || (type >= 128 && type != 137)
  }

  /// A packet of the router's own around an ICMP message.
  func ownPacket(
    _ family: IPFamily, from source: Address, to destination: Address, service: UInt8, _ message: ICMPMessage,
    options: [UInt8] = [], hopLimit: UInt8? = nil
  ) -> Packet {
    let length = ICMPView.headerLength + message.data.count
    let proto = family == .ipv4 ? IPProtocol.icmp : IPProtocol.icmpv6
    return ownPacket(
      family, proto, from: source, to: destination, service: service, payloadLength: length, options: options,
      hopLimit: hopLimit
    ) { bytes in
      let sum =
        family == .ipv4
        ? 0 : Checksum.pseudoHeader(source, destination, proto: IPProtocol.icmpv6, length: length)
      message.emit(pseudoHeader: sum, into: &bytes)
    }
  }

  /// A packet of the router's own; `body` appends `payloadLength` octets.
  func ownPacket(
    _ family: IPFamily, _ proto: UInt8, from source: Address, to destination: Address, service: UInt8,
    payloadLength: Int, dontFragment: Bool = false, options: [UInt8] = [], hopLimit: UInt8? = nil,
    body: (inout [UInt8]) -> Void
  ) -> Packet {
    var packet = Packet(family) { bytes in
      if family == .ipv4 {
        var header = IPv4Header(proto: proto, source: source, destination: destination)
        header.typeOfService = service
        header.timeToLive = hopLimit ?? sysctls.defaultTimeToLive
        header.flagsAndOffset = dontFragment ? IPv4View.dontFragment : 0
        if !dontFragment {
          nextIdentification &+= 1
          header.identification = nextIdentification
        }
        header.emit(payloadLength: payloadLength, options: options, into: &bytes)
      } else {
        var header = IPv6Header(nextHeader: proto, source: source, destination: destination)
        header.trafficClass = service
        header.hopLimit = hopLimit ?? sysctls.defaultHopLimit
        header.emit(payloadLength: payloadLength, into: &bytes)
      }
      body(&bytes)
    }
    packet.proto = proto
    packet.transport = packet.network + family.headerLength + options.count
    packet.hasOptions = !options.isEmpty
    return packet
  }

  /// Sends what a `reject` statement asks for.
  ///
  /// Source: net/ipv4/netfilter/nf_reject_ipv4.c; net/ipv6/netfilter/nf_reject_ipv6.c.
  func reject(_ packet: Packet, _ rejection: Rejection) {
    guard packet.fragmentOffset == 0 else { return }
    switch rejection {
    case .unreachable(let code): sendUnreachable(packet, code: code)
    case .tcpReset: sendReset(packet, isReject: true)
    }
  }

  /// Answers a TCP segment with a reset.
  ///
  /// Source: net/ipv4/tcp_ipv4.c, tcp_v4_send_reset; net/ipv4/netfilter/nf_reject_ipv4.c, nf_send_reset.
  func sendReset(_ packet: Packet, isReject: Bool) {
    guard packet.proto == IPProtocol.tcp, packet.transport >= 0, packet.type == .host,
      let segment = TCPView(checking: packet.transportBytes), !segment.flags.contains(.rst)
    else { return }
    let length = packet.transportBytes.byteCount
    guard
      Checksum.isValid(
        packet.transportBytes,
        Checksum.pseudoHeader(packet.source, packet.destination, proto: IPProtocol.tcp, length: length))
    else { return statistics.count(.checksumError) }
    var header = TCPHeader(
      sourcePort: segment.destinationPort, destinationPort: segment.sourcePort, flags: .rst)
    if segment.flags.contains(.ack) {
      header.sequence = segment.acknowledgment
    } else {
      header.flags = [.rst, .ack]
      header.acknowledgment = TCPSegment(segment).end
    }
    let source = packet.destination
    let destination = packet.source
    var answer = ownPacket(
      packet.family, IPProtocol.tcp, from: source, to: destination,
      service: isReject ? 0 : packet.typeOfService & 0xfc,
      payloadLength: TCPView.minimumLength, dontFragment: true
    ) { header.emit(from: source, to: destination, into: &$0) }
    if isReject, let slot = conntrack.slot(packet.entry) {
      answer.entry = packet.entry
      answer.tracking = packet.direction == .original ? .relatedReply : .related
      closeConnection(slot)
    }
    statistics.count(.errorSent)
    sendLocal(&answer)
  }

  /// Closes the connection of which a packet was reset.
  ///
  /// Source: net/netfilter/nf_conntrack_proto_tcp.c, nf_conntrack_tcp_set_closing.
  private func closeConnection(_ slot: Int) {
    guard conntrack[slot].proto == IPProtocol.tcp, conntrack[slot].tcp.state != .close else { return }
    conntrack[slot].tcp.state = .close
    conntrack[slot].pendingEvents.insert(.protocolInfo)
    guard !conntrack[slot].status.contains(.fixedTimeout) else { return }
    let seconds = conntrack.settings.tcpTimeouts[Int(TCPState.close.rawValue)]
    conntrack[slot].deadline = now.adding(seconds: seconds).nanoseconds
  }
}
