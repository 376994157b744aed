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
  /// Octets after which a burst takes in no more frames.
  private static let octetsOfBurst = 65_536

  let received = Atomic<UInt64>(0)
  let sent = Atomic<UInt64>(0)
  let refused = Atomic<UInt64>(0)
  private let gone = Atomic<Bool>(false)
  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  var number: Int32 { descriptor.number }
  /// Whether the device has gone.
  var isGone: Bool { gone.load(ordering: .relaxed) }

  /// Reads the next frames into the empty batch: as many as there are, as fit, and as lie in the cache until they are sent.
  ///
  /// - Returns: whether there may be more.
  func fill(_ batch: inout FrameBatch) -> Bool {
    let number = descriptor.number
    var octets = 0
    while batch.count < FrameBatch.capacity, octets < Self.octetsOfBurst {
      let length = batch.appendWithHeader { span in
        // Safe: as many octets as the span has are written at most.
        unsafe span.withUnsafeMutableBytes { unsafe ftctl_tap_read(number, $0.baseAddress, $0.count) }
      }
      guard length > 0 else {
        if length < 0 { note(ftctl_errno()) }
        Self.add(batch.count, to: received)
        return false
      }
      octets += length
    }
    Self.add(batch.count, to: received)
    return true
  }

  /// Puts the frames of the batch from `first` on that leave on `device`, whose queue this is, on it, up to the first that
  /// does not, or that comes after more than `before` frames of the router's own. One that the device does not take is
  /// counted.
  ///
  /// - Returns: the first frame that was left.
  func send(
    _ batch: inout FrameBatch, from first: Int, leavingOn device: UInt32, sentBefore before: Int
  ) -> Int {
    var position = first
    var refused = 0
    while position < batch.count, batch.outcome(position) == .forward(device),
      batch.sentBefore(position) <= before
    {
      if !put(batch.withHeader(position)) { refused += 1 }
      position += 1
    }
    Self.add(position - first - refused, to: sent)
    Self.add(refused, to: self.refused)
    return position
  }

  /// Puts a frame of the router's own on the device; one that it does not take is counted.
  func send(_ frame: SentFrame) {
    let octets = frame.offload.bytes + frame.bytes
    // Safe: the span does not outlive the array.
    if put(unsafe octets.span.bytes) { Self.add(1, to: sent) } else { Self.add(1, to: refused) }
  }

  /// - Parameter octets: a virtio-net header and a frame.
  /// - Returns: whether the device took them.
  private func put(_ octets: RawSpan) -> Bool {
    let number = descriptor.number
    // Safe: the octets outlive the call.
    let written = unsafe octets.withUnsafeBytes { unsafe ftctl_tap_write(number, $0.baseAddress, $0.count) }
    if written < 0 { note(ftctl_errno()) }
    return written >= 0
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
