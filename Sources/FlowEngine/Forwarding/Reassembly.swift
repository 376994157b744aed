// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// Datagrams that came in pieces and are not complete yet.
///
/// Source: net/ipv4/ip_fragment.c, net/ipv6/netfilter/nf_conntrack_reasm.c.
struct Reassembly: Sendable {
  struct Key: Hashable, Sendable {
    var family: IPFamily
    var source: Address
    var destination: Address
    var identification: UInt32
    var proto: UInt8
    var zone: UInt16
  }

  struct Piece: Sendable {
    var offset: Int
    var payload: [UInt8]
  }

  struct Queue: Sendable {
    var pieces: [Piece] = []
    /// The packet of the first fragment: headers, device, addresses.
    var first: Packet?
    /// Octets of the payload, once the last fragment came.
    var total: Int?
    var largest = 0
    var largestDontFragment = 0
    var octets = 0
    var deadline: Instant
  }

  /// Octets that may wait: the kernel's ipfrag_high_thresh.
  static let maximumOctets = 4_194_304
  /// Seconds that an incomplete datagram waits.
  static let timeIPv4: UInt64 = 30
  /// What a fragment is counted beside its octets.
  private static let overhead = 512

  var queues: [Key: Queue] = [:]
  var octets = 0
  var nextDeadline = Instant.distantFuture

  enum Outcome { case incomplete, invalid, overlapping, full, complete(Queue) }

  /// Takes in one fragment's payload.
  mutating func add(
    _ key: Key, _ packet: Packet, offset: Int, payload: [UInt8], isLast: Bool, size: Int, dontFragment: Bool,
    deadline: Instant
  ) -> Outcome {
    guard octets + payload.count + Self.overhead <= Self.maximumOctets || queues[key] != nil else {
      return .full
    }
    guard octets <= Self.maximumOctets else { return .full }
    var queue = queues[key] ?? Queue(deadline: deadline)
    let end = offset + payload.count
    guard !payload.isEmpty, end <= 65_535, isLast || payload.count % 8 == 0 else { return .invalid }
    if let total = queue.total, end > total || (isLast && end != total) { return .invalid }
    let before = queue.pieces.lastIndex { $0.offset < end } ?? -1
    if before >= 0 {
      let other = queue.pieces[before]
      if other.offset <= offset, end <= other.offset + other.payload.count { return .incomplete }
      if other.offset + other.payload.count > offset {
        drop(key)
        return .overlapping
      }
    }
    if isLast {
      guard queue.pieces.allSatisfy({ $0.offset + $0.payload.count <= end }) else { return .invalid }
      queue.total = end
    }
    queue.pieces.insert(Piece(offset: offset, payload: payload), at: before + 1)
    if offset == 0 { queue.first = packet }
    queue.largest = max(queue.largest, size)
    if dontFragment { queue.largestDontFragment = max(queue.largestDontFragment, size) }
    queue.octets += payload.count + Self.overhead
    octets += payload.count + Self.overhead
    var expected = 0
    for piece in queue.pieces where piece.offset == expected { expected += piece.payload.count }
    if queue.total == expected, queue.first != nil {
      octets -= queue.octets
      queues[key] = nil
      return .complete(queue)
    }
    queues[key] = queue
    nextDeadline = min(nextDeadline, queue.deadline)
    return .incomplete
  }

  /// Forgets a datagram.
  mutating func drop(_ key: Key) {
    guard let queue = queues.removeValue(forKey: key) else { return }
    octets -= queue.octets
  }

  /// Takes out the datagrams whose time is up.
  mutating func expired(_ now: Instant) -> [Queue] {
    let due = queues.filter { $0.value.deadline <= now }
      .sorted {
        ($0.value.deadline.nanoseconds, $0.key.identification) < (
          $1.value.deadline.nanoseconds, $1.key.identification
        )
      }
    for (key, _) in due { drop(key) }
    nextDeadline = queues.values.map(\.deadline).min() ?? .distantFuture
    return due.map(\.value)
  }
}

extension Router {
  /// Puts a fragment together with the others of its datagram. False: the packet waits, or is gone; true: the
  /// packet is no fragment, or is now the whole datagram.
  @inline(__always)
  func reassemble(_ packet: inout Packet) -> Bool {
    if packet.family == .ipv6 { return reassembleIPv6(&packet) }
    return packet.bytes.be16(packet.network + 6) & 0x3fff == 0 || reassembleIPv4(&packet)
  }

  private func reassembleIPv4(_ packet: inout Packet) -> Bool {
    let word = packet.bytes.be16(packet.network + 6)
    let key = Reassembly.Key(
      family: .ipv4, source: packet.source, destination: packet.destination,
      identification: UInt32(packet.bytes.be16(packet.network + 4)), proto: packet.proto, zone: packet.zone)
    let isLast = word & IPv4View.moreFragments == 0
    // What is too much for a whole number of eight octets is left out.
    let end = packet.bytes.count - (isLast ? 0 : (packet.bytes.count - packet.transport) % 8)
    let outcome = reassembly.add(
      key, packet, offset: packet.fragmentOffset, payload: Array(packet.bytes[packet.transport..<end]),
      isLast: isLast, size: packet.length, dontFragment: packet.mayNotFragment,
      deadline: now.adding(seconds: Reassembly.timeIPv4))
    guard let queue = complete(outcome), var whole = queue.first else { return false }
    let header = whole.transport - whole.network
    whole.bytes.removeLast(whole.bytes.count - whole.transport)
    for piece in queue.pieces { whole.bytes += piece.payload }
    guard whole.length <= 65_535 else {
      statistics.count(.fragmentInvalid)
      return false
    }
    whole.bytes.store(be16: UInt16(truncatingIfNeeded: whole.length), at: whole.network + 2)
    let keepsDontFragment = queue.largestDontFragment == queue.largest
    whole.bytes.store(be16: keepsDontFragment ? IPv4View.dontFragment : 0, at: whole.network + 6)
    whole.renewHeaderChecksum()
    describe(&whole, queue)
    whole.transport = whole.network + header
    packet = whole
    return true
  }

  private func describe(_ whole: inout Packet, _ queue: Reassembly.Queue) {
    whole.fragmentOffset = 0
    whole.offload = .none
    whole.fragmentSizes = queue.pieces.map(\.payload.count)
    whole.largestFragment = queue.largest
    whole.ignoresDontFragment = true
    statistics.count(.reassembled)
  }

  private func complete(_ outcome: Reassembly.Outcome) -> Reassembly.Queue? {
    switch outcome {
    case .complete(let queue): return queue
    case .incomplete: break
    case .invalid, .overlapping: statistics.count(.fragmentInvalid)
    case .full: statistics.count(.fragmentMemory)
    }
    return nil
  }

  private func reassembleIPv6(_ packet: inout Packet) -> Bool {
    let found = IPv6Transport.find(
      packet.networkBytes, offset: IPv6View.headerLength, nextHeader: packet.bytes[packet.network + 6],
      end: packet.length)
    guard found.isFragment else { return true }
    let header = packet.network + found.fragmentHeader
    guard header + 8 <= packet.bytes.count else { return true }
    let key = Reassembly.Key(
      family: .ipv6, source: packet.source, destination: packet.destination,
      identification: packet.bytes.be32(header + 4), proto: 0, zone: packet.zone)
    let outcome = reassembly.add(
      key, packet, offset: found.fragmentOffset, payload: Array(packet.bytes[(header + 8)...]),
      isLast: !found.hasMoreFragments, size: packet.length, dontFragment: false,
      deadline: now.adding(seconds: conntrack.settings.fragment6Timeout))
    guard let queue = complete(outcome), var whole = queue.first else { return false }
    let first = IPv6Transport.find(
      whole.networkBytes, offset: IPv6View.headerLength, nextHeader: whole.bytes[whole.network + 6],
      end: whole.length)
    let cut = whole.network + first.fragmentHeader
    // The header before the fragment header now names what follows it.
    whole.bytes[whole.network + fieldBefore(whole, first.fragmentHeader)] = whole.bytes[cut]
    whole.bytes.removeLast(whole.bytes.count - cut)
    for piece in queue.pieces { whole.bytes += piece.payload }
    guard whole.length - IPv6View.headerLength <= 65_535 else {
      statistics.count(.fragmentInvalid)
      return false
    }
    whole.bytes.store(
      be16: UInt16(truncatingIfNeeded: whole.length - IPv6View.headerLength), at: whole.network + 4)
    describe(&whole, queue)
    parseIPv6(&whole)
    packet = whole
    return true
  }

  /// Offset of the octet that names the header at `offset`, both from the IPv6 header.
  private func fieldBefore(_ packet: Packet, _ offset: Int) -> Int {
    var field = 6
    var position = IPv6View.headerLength
    while position < offset {
      field = position
      position += (Int(packet.bytes[packet.network + position + 1]) + 1) * 8
    }
    return field
  }

  /// Gives up on datagrams whose time is up; the sender is told when the first fragment is there.
  ///
  /// Source: net/ipv4/ip_fragment.c, ip_expire; net/ipv6/reassembly.c, ip6frag_expire_frag_queue.
  func expireFragments() {
    for queue in reassembly.expired(now) {
      statistics.count(.fragmentTimeout)
      guard let first = queue.first else { continue }
      if first.family == .ipv6 {
        sendError(first, type: ICMPv6Type.timeExceeded, code: 1)
      } else if isLocal(first.destination, .ipv4) {
        sendError(first, type: ICMPType.timeExceeded, code: 1)
      }
    }
    finish()
  }
}
