// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Sends a frame that a device's hardware carries a flow for, before software sees it. False: software takes it.
  ///
  /// The device misses on what it cannot do: FIN and RST, fragments, options, packets at the end of their time to live or
  /// beyond the MTU. Of a tag it compares the VLAN's number only.
  @inline(never)
  func forwardInHardware(_ frame: RawSpan, _ offload: VirtioHeader, on index: UInt32) -> Bool {
    guard let table = hardware.table(of: index), table.count > 0, device(index)?.isUp == true,
      frame.byteCount >= EthernetView.headerLength
    else { return false }
    var packet = Packet(frame: frame, offload: offload)
    packet.etherType = frame.be16(12)
    packet.network = packet.link + EthernetView.headerLength
    if packet.etherType == EtherType.vlan {
      guard takeTag(&packet) else { return false }
    }
    var parse = FastParse(
      packet.bytes.raw, start: packet.network, etherType: packet.etherType,
      vlanTag: packet.vlanTag & 0xffff_0fff, device: index, FastTable.hardware, seed: flows.seed)
    guard parse.reason == .fastForwarded, parse.flags & 0x05 == 0 else { return false }
    if parse.key.encapsulation & 0xffff == UInt64(EtherType.vlan) {
      parse.key.encapsulation &= 0xffff_ffff_0fff_ffff
      parse.hash = parse.key.hash(flows.seed)
    }
    let found = table.find(parse.key, parse.hash)
    guard found >= 0 else { return false }
    if !packet.offload.isNone { parse.take(packet.offload, packet.bytes.raw) }
    let rule = table[found]
    guard Int(parse.largest) <= Int(rule.path.mtu) else { return false }
    let network = Int(parse.network)
    var span = packet.bytes.mutableSpan
    // Safe: octets of the packet, whose storage outlives the span.
    var bytes = unsafe span.mutableBytes
    rule.entry.rewrite(&bytes, parse, source: rule.newSource, destination: rule.newDestination)
    packet.link = rule.path.writeLink(&bytes, network)
    table[found].packets &+= 1
    table[found].bytes &+= UInt64(parse.length)
    table[found].lastUsed = now.nanoseconds
    statistics.count(.hardwareForwarded)
    leaveHardware(packet.frame(), packet.frameOffload, on: rule.path.output)
    return true
  }

  /// Puts a frame on the wire of a device, past its egress chains.
  private func leaveHardware(_ bytes: [UInt8], _ offload: VirtioHeader, on index: UInt32) {
    guard let device = device(index), device.isUp else { return statistics.count(.deviceDown) }
    guard let frames = Segmentation.prepare(bytes, offload, device.offloads) else {
      return statistics.count(.offloadRefused)
    }
    for frame in frames {
      handOver(frame.bytes, frame.header, on: index)
    }
  }
}
