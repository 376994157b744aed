// SPDX-License-Identifier: GPL-3.0-or-later

import FlowEngine
import NetlinkWire
import PacketWire

/// One engine with devices and a small ruleset, fed with whatever the fuzzer makes up. Whatever comes in, nothing
/// traps, and every answer is made of well-formed messages.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzControl(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start = unsafe start, count > 0 else { return 0 }
  // Safe: libFuzzer promises `count` octets from `start` on.
  let octets = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let generations: [KernelGeneration] = [.linux61, .linux612, .linux72]
  let router = Router(generation: generations[Int(octets[0]) % 3], seed: 1)
  for name in ["lan0", "wan0"] { _ = router.addDevice(name, .port, mac: .zero, mtu: 1500) }
  var client = ControlClient(portID: 1)
  client.wantsExtendedAcknowledgements = true
  router.conntrack.isListening = true
  // Two datagrams, so that the second meets what the first has made.
  let middle = 1 + (octets.count - 1) / 2 & ~3
  for part in [octets[1..<max(1, middle)], octets[max(1, middle)...]] {
    // Safe: the span does not outlive the array.
    let output = unsafe router.control(Array(part).span.bytes, from: client)
    for datagram in output.replies + output.events.map(\.datagram) { check(datagram) }
  }
  router.advance(to: Instant(seconds: 100))
  return 0
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
