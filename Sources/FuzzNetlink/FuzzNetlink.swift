// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire
import Reporting

// Anything may come from a netlink socket: it is refused or decoded, written in every form, and never traps.
// What is decoded twice is the same.

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNetlink(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start = unsafe start, count > 0 else { return 0 }
  // Safe: libFuzzer promises `count` octets for the time of the call.
  let datagram = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: count)
  readMessages(datagram)
  readEntry(datagram)
  return 0
}

private func readMessages(_ datagram: RawSpan) {
  var messages = NetlinkMessageCursor(datagram)
  do {
    while try messages.advance() {
      _ = try? Acknowledgement(messages.payload, flags: messages.flags)
      _ = try? Acknowledgement(messages.payload, flags: messages.flags, isDone: true)
      readEntry(messages.payload)
      _ = try? NFTables.Flowtable(messages.payload)
      _ = try? NFTables.Table(messages.payload)
      _ = try? NFTables.Chain(messages.payload)
      _ = try? NFTables.Rule(messages.payload)
      _ = try? NFTables.Set(messages.payload)
    }
  } catch {}
}

private func readEntry(_ payload: RawSpan) {
  var entry = ConntrackEntry()
  guard (try? entry.decode(payload)) != nil else { return }
  var again = ConntrackEntry()
  guard (try? again.decode(payload)) != nil, again.identity == entry.identity, again == entry else {
    fatalError("the same octets were decoded in two ways")
  }
  var output = OutputBuffer(capacity: 64)
  for event in [nil, FlowEvent.new, .update, .destroy, .offload, .classic] {
    let context = FormatContext(now: 1_700_000_000, event: event)
    LineFormat([.extended, .id, .kernelTimestamp, .labels]).append(entry, context, to: &output)
    XMLFormat(showsKernelTimestamp: true, showsLabels: true).append(entry, context, to: &output)
    SaveFormat().append(entry, context, to: &output)
    JSONFormat().append(entry, context, to: &output)
    output.removeAll()
  }
}
