// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// A packet for the router itself: the input hook, then what its protocol answers.
  ///
  /// Source: net/ipv4/ip_input.c, ip_local_deliver; net/ipv6/ip6_input.c, ip6_input.
  func deliver(_ packet: inout Packet) {
    guard reassemble(&packet) else { return }
    note(.hook(.input))
    guard runRules(.input, below: 100, &packet) else { return }
    guard translate(.input, .source, &packet) else { return }
    guard runRules(.input, from: 100, &packet) else { return }
    guard confirm(&packet) else { return statistics.count(.insertFailed) }
    statistics.count(.delivered)
    if packet.family == .ipv6, let field = authenticationField(packet) {
      statistics.count(.noListener)
      return sendError(packet, type: ICMPv6Type.parameterProblem, code: 1, word: UInt32(field))
    }
    guard packet.transport >= 0 else { return statistics.count(.headerError) }
    if receiveTunnelled(&packet) { return }
    switch packet.proto {
    case IPProtocol.icmp where packet.family == .ipv4: receiveICMP(packet)
    case IPProtocol.icmpv6 where packet.family == .ipv6: receiveICMPv6(packet)
    case IPProtocol.tcp: sendReset(packet, isReject: false)
    case IPProtocol.udp: refuseDatagram(packet)
    case IPProtocol.none where packet.family == .ipv6: break
    case IPProtocol.ipip, IPProtocol.ipv6:
      // No tunnel takes it. Source: net/ipv4/tunnel4.c, tunnel4_rcv; net/ipv6/tunnel6.c, tunnel6_rcv.
      statistics.count(.noListener)
      let inner: IPFamily = packet.proto == IPProtocol.ipip ? .ipv4 : .ipv6
      guard packet.transportBytes.byteCount >= inner.headerLength,
        packet.family == .ipv4 || tunnel(of: packet) == nil
      else { return }
      sendUnreachable(packet, code: packet.family == .ipv4 ? 3 : 4)
    case IPProtocol.mplsInIP:
      // Over IPv4 a tunnel's driver answers, unless a tunnel is there for it, which takes none.
      statistics.count(.noListener)
      if packet.family == .ipv4, tunnel(of: packet) == nil { sendUnreachable(packet, code: 3) }
    case 2 where packet.family == .ipv4: statistics.count(.noListener)
    // PIM is heard, and nothing said to it.
    case 103: statistics.count(.noListener)
    default:
      statistics.count(.noListener)
      if packet.family == .ipv4 {
        sendUnreachable(packet, code: 2)
      } else {
        let pointer = UInt32(max(0, nextHeaderField(packet)))
        sendError(packet, type: ICMPv6Type.parameterProblem, code: 1, word: pointer)
      }
    }
  }

  /// Offset, from the IPv6 header, of the octet that names an authentication header, which the router does not know; nil: there
  /// is none.
  private func authenticationField(_ packet: Packet) -> Int? {
    var found: Int?
    walkHeaders(packet) { kind, field, offset in
      guard offset <= packet.length else { return false }
      if kind == IPProtocol.authentication { found = field }
      return [IPProtocol.hopByHop, IPProtocol.routing, IPProtocol.destinationOptions].contains(kind)
    }
    return found
  }

  /// Offset, from the IPv6 header, of the octet that names the transport protocol.
  private func nextHeaderField(_ packet: Packet) -> Int {
    var last = 0
    walkHeaders(packet) { _, field, offset in
      last = field
      return offset < packet.transport - packet.network
    }
    return last
  }

  /// Walks along the headers behind an IPv6 header while `goesOn`: it is told each header's kind, where that is named, and where
  /// the header begins, all from the IPv6 header on.
  private func walkHeaders(_ packet: Packet, _ goesOn: (_ kind: UInt8, _ field: Int, _ offset: Int) -> Bool) {
    var field = 6
    var offset = IPv6View.headerLength
    while true {
      let kind = packet.bytes[packet.network + field]
      guard goesOn(kind, field, offset), offset + 8 <= packet.length else { return }
      field = offset
      let size = Int(packet.bytes[packet.network + offset + 1])
      offset +=
        kind == IPProtocol.fragment ? 8 : kind == IPProtocol.authentication ? (size + 2) * 4 : (size + 1) * 8
    }
  }

  /// No socket takes datagrams here: "port unreachable".
  ///
  /// Source: net/ipv4/udp.c, __udp4_lib_rcv.
  private func refuseDatagram(_ packet: Packet) {
    guard let view = UDPView(checking: packet.transportBytes), view.length >= UDPView.headerLength,
      view.length <= packet.transportBytes.byteCount
    else { return statistics.count(.truncated) }
    if view.checksum != 0 || packet.family == .ipv6, !packet.isPartial {
      let sum = Checksum.pseudoHeader(
        packet.source, packet.destination, proto: IPProtocol.udp, length: view.length)
      guard Checksum.isValid(packet.transportBytes.extracting(0..<view.length), sum) else {
        return statistics.count(.checksumError)
      }
    }
    statistics.count(.noListener)
    sendUnreachable(packet, code: packet.family == .ipv4 ? 3 : 4)
  }

  private func receiveICMP(_ packet: Packet) {
    guard packet.transport < packet.bytes.count else { return statistics.count(.truncated) }
    switch packet.bytes[packet.transport] {
    case ICMPType.timestampRequest: answerTimestamp(packet)
    case ICMPType.destinationUnreachable: heedError(packet)
    default: answerEcho(packet, ICMPType.echoRequest)
    }
  }

  /// Source: net/ipv4/icmp.c, icmp_timestamp: milliseconds since midnight, universal time.
  private func answerTimestamp(_ packet: Packet) {
    guard let message = ICMPView(checking: packet.transportBytes), isICMPChecksumValid(packet),
      message.code == 0,
      message.data.byteCount >= 12, !packet.destination.isMulticast(.ipv4), packet.route?.type != .broadcast,
      packet.destination.ipv4 != 0xffff_ffff
    else { return statistics.count(.noListener) }
    var data: [UInt8] = []
    data.append(be32: message.data.be32(0))
    let time = UInt32(truncatingIfNeeded: wallClock / 1_000_000 % 86_400_000)
    data.append(be32: time)
    data.append(be32: time)
    let reply = ICMPMessage(type: ICMPType.timestampReply, code: 0, word: message.word, data: data)
    var answer = ownPacket(
      .ipv4, from: packet.destination, to: packet.source, service: packet.typeOfService, reply,
      options: echoedOptions(packet, from: packet.destination))
    statistics.count(.replySent)
    sendLocal(&answer)
  }

  private func receiveICMPv6(_ packet: Packet) {
    guard let message = ICMPView(checking: packet.transportBytes), isICMPChecksumValid(packet) else {
      return statistics.count(.checksumError)
    }
    switch message.type {
    case ICMPv6Type.echoRequest: answerEcho(packet, ICMPv6Type.echoRequest)
    case ICMPv6Type.neighbourSolicitation, ICMPv6Type.neighbourAdvertisement:
      receiveNeighbourDiscovery(packet)
    case ICMPv6Type.packetTooBig: heedError(packet)
    default: statistics.count(.noListener)
    }
  }

  /// Source: net/ipv4/icmp.c, icmp_echo; net/ipv6/icmp.c, icmpv6_echo_reply.
  private func answerEcho(_ packet: Packet, _ request: UInt8) {
    guard let message = ICMPView(checking: packet.transportBytes), isICMPChecksumValid(packet) else {
      return statistics.count(.checksumError)
    }
    guard message.type == request, message.code == 0 || packet.family == .ipv6 else {
      return statistics.count(.noListener)
    }
    let isMany =
      packet.destination.isMulticast(packet.family) || packet.route?.type == .broadcast
      || packet.family == .ipv4 && packet.destination.ipv4 == 0xffff_ffff
    guard !(packet.family == .ipv4 && isMany) else { return statistics.count(.noListener) }
    let data = Array(packet.bytes[(packet.transport + ICMPView.headerLength)...])
    let type = packet.family == .ipv4 ? ICMPType.echoReply : ICMPv6Type.echoReply
    let reply = ICMPMessage(type: type, code: 0, word: message.word, data: data)
    let own =
      isMany ? device(packet.input)?.sourceAddress(towards: packet.source, packet.family) : packet.destination
    guard let source = own else { return statistics.count(.noRoute) }
    var answer = ownPacket(
      packet.family, from: source, to: packet.source, service: packet.typeOfService, reply,
      options: echoedOptions(packet, from: source))
    statistics.count(.replySent)
    sendLocal(&answer)
  }
}
