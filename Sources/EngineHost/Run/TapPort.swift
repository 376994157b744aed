// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
internal import FlowEngine
private import Glibc
package import PacketWire
internal import Synchronization

/// A TAP device, through which frames come to the engine and leave it.
package final class TapPort: Sendable {
  /// What happened to frames besides being taken in.
  package struct Counters: Equatable, Sendable {
    package var received: UInt64 = 0
    package var sent: UInt64 = 0
    /// Frames that the device did not take: it is down, or its queue is full.
    package var refused: UInt64 = 0
    /// Frames longer than a batch has room for.
    package var tooLong: UInt64 = 0
  }

  package let name: String
  /// What may be left to be done to frames, in both directions.
  package let offloads: TAPOffloads
  /// Each is for one thread.
  let queues: [TapQueue]

  /// What happened in all queues.
  package var counters: Counters {
    queues.reduce(into: Counters()) { sum, queue in
      sum.received &+= queue.received.load(ordering: .relaxed)
      sum.sent &+= queue.sent.load(ordering: .relaxed)
      sum.refused &+= queue.refused.load(ordering: .relaxed)
      sum.tooLong &+= queue.tooLong.load(ordering: .relaxed)
    }
  }

  /// Makes or adopts the TAP device `name` in the calling thread's network namespace, and lets it be up.
  ///
  /// - Parameters:
  ///   - name: at most 15 octets.
  ///   - mtu: octets of the longest packet.
  ///   - wanted: offloads to have, as far as the kernel knows them.
  ///   - count: how many queues the device has. The kernel sends each flow's frames along one of them.
  ///   - persists: whether the device stays when the engine ends.
  /// - Throws: ``HostError``: EBUSY when another program has the device.
  package init(
    _ name: String, mtu: Int, offloads wanted: TAPOffloads, queues count: Int = 1, persists: Bool = false
  ) throws(HostError) {
    var queues: [TapQueue] = []
    for _ in 0..<count {
      let number = unsafe ftctl_tap_open(name, persists ? 1 : 0, count > 1 ? 1 : 0)
      guard number >= 0 else {
        throw HostError("open TAP device '\(name)'", ftctl_errno(), hint: Self.hint(ftctl_errno()))
      }
      queues.append(TapQueue(Descriptor(number)))
    }
    self.name = name
    self.queues = queues
    // Linux before 6.2 does not know UDP's.
    let candidates = [wanted, wanted.subtracting([.udp4, .udp6]), []]
    offloads =
      candidates.first { candidate in
        queues.allSatisfy { ftctl_tap_set_offloads($0.number, candidate.rawValue) == 0 }
      } ?? []
    guard unsafe ftctl_device_start(name, Int32(clamping: mtu)) == 0 else {
      throw HostError("set up TAP device '\(name)' with an MTU of \(mtu)", ftctl_errno())
    }
  }

  private static func hint(_ number: Int32) -> String? {
    switch number {
    case EBUSY: "another program has it open"
    case EPERM, EACCES: "run as root, or make the device yours: ip tuntap add NAME mode tap user USER"
    case ENOENT, ENODEV: "the kernel's module 'tun' is missing: modprobe tun"
    case EINVAL:
      "a device of this name exists that is no TAP device, or that was made with 'multi_queue' and needs --queues, or without"
    default: nil
    }
  }
}

/// One queue of a TAP device. Never blocks.
///
/// All but the counters is for one thread only, which alone changes the counters, too.
final class TapQueue: Sendable {
  let received = Atomic<UInt64>(0)
  let sent = Atomic<UInt64>(0)
  let refused = Atomic<UInt64>(0)
  let tooLong = Atomic<UInt64>(0)
  private let gone = Atomic<Bool>(false)
  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  var number: Int32 { descriptor.number }
  /// Whether the device has gone.
  var isGone: Bool { gone.load(ordering: .relaxed) }

  /// Reads the next frames into the batch, as many as there are and as fit.
  func fill(_ batch: inout FrameBatch) {
    let number = descriptor.number
    let before = batch.count
    while batch.count < FrameBatch.capacity {
      var room = 0
      let length = batch.append { (span: inout MutableRawSpan, offload: inout VirtioHeader) -> Int in
        room = span.byteCount
        return Self.read(number, &span, &offload)
      }
      if length > room {
        Self.add(1, to: tooLong)
      } else if length < 0 {
        note(ftctl_errno())
        break
      }
    }
    Self.add(batch.count - before, to: received)
  }

  private static func read(
    _ number: Int32, _ span: inout MutableRawSpan, _ offload: inout VirtioHeader
  ) -> Int {
    var header = (UInt64(0), UInt16(0))
    // Safe: ten octets, and as many as the span has, are written at most.
    let length = unsafe withUnsafeMutableBytes(of: &header) { header in
      unsafe span.withUnsafeMutableBytes {
        unsafe ftctl_tap_read(number, header.baseAddress, $0.baseAddress, $0.count)
      }
    }
    if header.0 | UInt64(header.1) != 0 { offload = VirtioHeader(word: header.0, last: header.1) }
    return length
  }

  /// Puts a frame on the device; one that it does not take is counted.
  func send(_ frame: RawSpan, _ offload: VirtioHeader) {
    let number = descriptor.number
    var header = offload.words
    // Safe: header and span outlive the call.
    let written = unsafe withUnsafeBytes(of: &header) { header in
      unsafe frame.withUnsafeBytes {
        unsafe ftctl_tap_write(number, header.baseAddress, $0.baseAddress, $0.count)
      }
    }
    if written >= 0 {
      Self.add(1, to: sent)
    } else {
      Self.add(1, to: refused)
      note(ftctl_errno())
    }
  }

  /// Source (Linux 7.2): drivers/net/tun.c, tun_chr_read_iter: EBADFD when the device has been deleted.
  private func note(_ number: Int32) {
    if number == EBADFD || number == EBADF || number == ENODEV { gone.store(true, ordering: .relaxed) }
  }

  /// One thread alone writes the counter.
  private static func add(_ count: Int, to counter: borrowing Atomic<UInt64>) {
    counter.store(counter.load(ordering: .relaxed) &+ UInt64(count), ordering: .relaxed)
  }
}
