// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import NetlinkWire
import PacketWire

/// One router with two devices, fed with whatever requests the fuzzer makes up, then with packets that meet the rules which
/// these have made, then with the requests again. Whatever comes in, nothing traps, and every answer is made of well-formed
/// messages.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzControl(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start = unsafe start, count > 0 else { return 0 }
  // Safe: libFuzzer promises `count` octets from `start` on.
  let octets = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let generations: [KernelGeneration] = [.linux61, .linux612, .linux72]
  let router = Router(generation: generations[Int(octets[0]) % 3], seed: 1)
  let devices = ["lan0", "wan0"].map {
    router.addDevice($0, .port, mac: MACAddress(0x0200_0000_0001), mtu: 1500)
  }
  for (device, network) in zip(devices, [UInt32(0xc000_0200), 0xc633_6400]) {
    router.setLink(device, up: true)
    router.addAddress(
      device, DeviceAddress(family: .ipv4, address: Address(ipv4: network | 1), prefixLength: 24))
    router.setNeighbour(
      NeighbourKey(device: device, family: .ipv4, address: Address(ipv4: network | 2)),
      MACAddress(0x0200_0000_0002))
  }
  var client = ControlClient(portID: 1)
  client.wantsExtendedAcknowledgements = true
  router.conntrack.isListening = true
  // Two datagrams, so that the second meets what the first has made.
  let middle = 1 + (octets.count - 1) / 2 & ~3
  func ask() {
    for part in [octets[1..<max(1, middle)], octets[max(1, middle)...]] {
      // Safe: the span does not outlive the array.
      let output = unsafe router.control(Array(part).span.bytes, from: client)
      for datagram in output.replies + output.events.map(\.datagram) { check(datagram) }
    }
  }
  ask()
  for second in UInt64(1)...3 {
    for (side, device) in devices.enumerated() {
      for proto in [IPProtocol.udp, IPProtocol.tcp] {
        // Safe: the span does not outlive the array.
        unsafe router.receive(
          frame(proto, fromClient: side == 0).span.bytes, on: device, at: Instant(seconds: second))
        router.sent.removeAll()
      }
    }
  }
  ask()
  router.advance(to: Instant(seconds: 100))
  return 0
}

/// A packet between 192.0.2.2, port 1000, and 198.51.100.2, port 2000, as a router's device gets it; TCP's has no other flag than
/// ACK.
private func frame(_ proto: UInt8, fromClient: Bool) -> [UInt8] {
  let (client, server) = (UInt32(0xc000_0202), UInt32(0xc633_6402))
  let (source, destination) = fromClient ? (client, server) : (server, client)
  var frame: [UInt8] = []
  frame.append(MACAddress(0x0200_0000_0001))
  frame.append(MACAddress(0x0200_0000_0002))
  frame.append(be16: EtherType.ipv4)
  frame += [0x45, 0, 0, 40, 0, 0, 0, 0, 64, proto, 0, 0]
  frame.append(be32: source)
  frame.append(be32: destination)
  frame.store(be16: Checksum.compute(frame.raw.extracting(14..<34)), at: 24)
  frame.append(be16: fromClient ? 1000 : 2000)
  frame.append(be16: fromClient ? 2000 : 1000)
  if proto == IPProtocol.udp { return frame + [0, 20, 0, 0] + [UInt8](repeating: 0, count: 12) }
  frame += [0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]
  let sum = Checksum.pseudoHeader(
    Address(ipv4: source), Address(ipv4: destination), proto: proto, length: 20)
  frame.store(be16: Checksum.compute(frame.raw.extracting(34..<54), sum), at: 50)
  return frame
}

/// Traps unless the datagram consists of whole messages.
private func check(_ datagram: [UInt8]) {
  // Safe: the span does not outlive the array.
  var cursor = unsafe NetlinkMessageCursor(datagram.span.bytes)
  var octets = 0
  do {
    while try cursor.advance() { octets += (Int(cursor.header.length) + 3) & ~3 }
  } catch {
    fatalError("an answer is malformed: \(error)")
  }
  precondition(octets == datagram.count, "an answer has octets that belong to no message")
}
