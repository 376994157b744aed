// SPDX-License-Identifier: GPL-3.0-or-later

/// What is done to a frame that leaves with work left to do, where the device cannot do it: checksums are finished,
/// frames of many segments cut.
///
/// Source: net/core/dev.c, validate_xmit_skb; net/core/skbuff.c, skb_checksum_help; net/ipv4/tcp_offload.c,
/// tcp_gso_segment; net/ipv4/udp_offload.c, __udp_gso_segment; net/ipv4/af_inet.c, inet_gso_segment;
/// net/ipv6/ip6_offload.c, ipv6_gso_segment.
package enum Segmentation {
  /// Frames with what is left to be done to each.
  package typealias Frame = (bytes: [UInt8], header: VirtioHeader)

  /// Stores the checksum that was left open, 0 as 0xffff. False: it does not lie inside the frame.
  package static func finishChecksum(_ bytes: inout [UInt8], start: Int, offset: Int) -> Bool {
    guard start >= 0, offset >= 0, start + offset + 2 <= bytes.count else { return false }
    let sum = Checksum.compute(bytes.raw.dropping(start))
    bytes.store(be16: sum == 0 ? 0xffff : sum, at: start + offset)
    return true
  }

  /// What is left to be done to a frame when it leaves on a device with `offloads`, which can do that.
  ///
  /// - Returns: `nil` when something has to be done to the frame before; see ``prepare(_:_:_:)``.
  package static func whole(
    _ bytes: RawSpan, _ header: VirtioHeader, _ offloads: TAPOffloads
  ) -> VirtioHeader? {
    guard header.isPartial, offloads.contains(.checksum) else { return header.isFinished ? header : nil }
    guard header.isSegmented else { return header }
    guard let layout = FrameLayout(bytes), let plan = SegmentPlan(bytes, header, layout),
      offloads.contains(plan.offload(header))
    else { return nil }
    return plan.header(header, of: bytes)
  }

  /// What leaves on a device with `offloads`: the frame itself where the device can do what is left, else what
  /// becomes of it. `header` is as it was accepted, its offsets those of the frame as it is now. `insideTunnels`: the device
  /// can finish the checksums of packets in tunnels, too.
  /// - Returns: `nil` when the frame cannot be cut and is dropped.
  package static func prepare(
    _ bytes: [UInt8], _ header: VirtioHeader, _ offloads: TAPOffloads, insideTunnels: Bool = false
  ) -> [Frame]? {
    if let left = whole(bytes.raw, header, offloads) { return [(bytes, left)] }
    guard header.isSegmented else {
      var finished = bytes
      guard
        finishChecksum(&finished, start: Int(header.checksumStart), offset: Int(header.checksumOffset))
      else { return nil }
      return [(finished, .none)]
    }
    guard let layout = FrameLayout(bytes.raw, enclosed: true),
      let plan = SegmentPlan(bytes.raw, header, layout)
    else { return nil }
    // What is cut inside a session leaves finished.
    if layout.session != nil { return plan.cut(bytes, leavesChecksum: false) }
    let canChecksum = offloads.contains(.checksum)
    if layout.tunnel != nil { return plan.cut(bytes, leavesChecksum: canChecksum && insideTunnels) }
    guard canChecksum, offloads.contains(plan.offload(header)) else {
      return plan.cut(bytes, leavesChecksum: canChecksum)
    }
    // Only the checksum is not left open yet.
    var whole = bytes
    var left = plan.header(header, of: bytes.raw)
    plan.openChecksum(&whole, &left)
    return [(whole, left)]
  }
}

/// How a frame of many segments is cut.
private struct SegmentPlan {
  let layout: FrameLayout
  let isTCP: Bool
  let size: Int
  /// Offset of the payload.
  let payload: Int

  /// The header of the whole frame as a reader gets it.
  func header(_ header: VirtioHeader, of bytes: RawSpan) -> VirtioHeader {
    var left = header
    left.headerLength = max(header.headerLength, UInt16(truncatingIfNeeded: payload))
    // The outermost tag travels beside the frame and is put in when the frame is read.
    let type = bytes.be16(12)
    if type == EtherType.vlan || type == EtherType.serviceVLAN {
      left.headerLength &-= UInt16(VLANTagView.length)
    }
    return left
  }

  /// `nil` unless the frame is what its header says.
  init?(_ bytes: RawSpan, _ header: VirtioHeader, _ layout: FrameLayout) {
    self.layout = layout
    size = Int(header.segmentSize)
    isTCP = header.kind != VirtioHeader.udp
    switch header.kind {
    case VirtioHeader.tcp4: guard layout.family == .ipv4, layout.proto == IPProtocol.tcp else { return nil }
    case VirtioHeader.tcp6: guard layout.family == .ipv6, layout.proto == IPProtocol.tcp else { return nil }
    default: guard layout.proto == IPProtocol.udp else { return nil }
    }
    guard layout.transport <= bytes.byteCount else { return nil }
    if isTCP {
      guard let segment = TCPView(checking: bytes.dropping(layout.transport)) else { return nil }
      payload = layout.transport + segment.headerLength
    } else {
      payload = layout.transport + UDPView.headerLength
    }
    guard size > 0, bytes.byteCount - payload > size else { return nil }
  }

  /// What a device must be able to do to take the frame whole.
  func offload(_ header: VirtioHeader) -> TAPOffloads {
    guard isTCP else { return [.udp4, .udp6] }
    let kind: TAPOffloads = layout.family == .ipv4 ? .tcp4 : .tcp6
    return header.type & VirtioHeader.ecn != 0 ? [kind, .tcpECN] : kind
  }

  private var checksumOffset: Int { isTCP ? 16 : 6 }

  /// Sum of the pseudo header of a packet whose transport part has `length` octets.
  private func pseudoHeader(_ bytes: RawSpan, _ length: Int) -> UInt64 {
    let at = layout.network
    let isIPv4 = layout.family == .ipv4
    return Checksum.pseudoHeader(
      isIPv4 ? bytes.ipv4(at + 12) : bytes.ipv6(at + 8), isIPv4 ? bytes.ipv4(at + 16) : bytes.ipv6(at + 24),
      proto: layout.proto, length: length)
  }

  /// Leaves a finished checksum to the device again, as the kernel does with frames of many segments.
  func openChecksum(_ bytes: inout [UInt8], _ header: inout VirtioHeader) {
    let sum = Checksum.fold(pseudoHeader(bytes.raw, bytes.count - layout.transport))
    bytes.store(be16: sum, at: layout.transport + checksumOffset)
    header.flags = VirtioHeader.needsChecksum
    header.checksumStart = UInt16(truncatingIfNeeded: layout.transport)
    header.checksumOffset = UInt16(checksumOffset)
  }

  /// The segments. `leavesChecksum`: the device finishes their checksums.
  func cut(_ bytes: [UInt8], leavesChecksum: Bool) -> [Segmentation.Frame] {
    var result: [Segmentation.Frame] = []
    result.reserveCapacity((bytes.count - payload) / size + 1)
    var offset = payload
    while offset < bytes.count {
      let end = min(offset + size, bytes.count)
      var piece: [UInt8] = []
      piece.reserveCapacity(payload + end - offset)
      piece += bytes[..<payload]
      piece += bytes[offset..<end]
      writeNetwork(&piece, at: layout.network, number: result.count)
      if let tunnel = layout.tunnel { writeNetwork(&piece, at: tunnel, number: result.count) }
      if let session = layout.session {
        piece.store(be16: UInt16(truncatingIfNeeded: piece.count - session - 6), at: session + 4)
      }
      writeTransport(&piece, sent: offset - payload, isFirst: offset == payload, isLast: end == bytes.count)
      var header = VirtioHeader.none
      openChecksum(&piece, &header)
      if !leavesChecksum {
        let sum = Checksum.compute(piece.raw.dropping(layout.transport))
        piece.store(be16: sum == 0 && !isTCP ? 0xffff : sum, at: layout.transport + checksumOffset)
        header = .none
      }
      result.append((piece, header))
      offset = end
    }
    return result
  }

  /// Length, identification (counted up) and checksum of one of a segment's IP headers, which is at `at`.
  private func writeNetwork(_ piece: inout [UInt8], at: Int, number: Int) {
    let length = piece.count - at
    guard layout.family == .ipv4 else {
      return piece.store(be16: UInt16(truncatingIfNeeded: length - IPv6View.headerLength), at: at + 4)
    }
    piece.store(be16: UInt16(truncatingIfNeeded: length), at: at + 2)
    piece.store(be16: piece.be16(at + 4) &+ UInt16(truncatingIfNeeded: number), at: at + 4)
    piece.store(be16: 0, at: at + 10)
    let end = at + Int(piece[at] & 0x0f) * 4
    piece.store(be16: Checksum.compute(piece.raw.extracting(at..<end)), at: at + 10)
  }

  /// A UDP length; a TCP sequence number, FIN and PSH on the last, CWR on the first segment only.
  private func writeTransport(_ piece: inout [UInt8], sent: Int, isFirst: Bool, isLast: Bool) {
    let at = layout.transport
    guard isTCP else { return piece.store(be16: UInt16(truncatingIfNeeded: piece.count - at), at: at + 4) }
    piece.store(be32: piece.be32(at + 4) &+ UInt32(truncatingIfNeeded: sent), at: at + 4)
    var flags = TCPFlags(rawValue: piece[at + 13])
    if !isFirst { flags.remove(.cwr) }
    if !isLast { flags.subtract([.fin, .psh]) }
    piece[at + 13] = flags.rawValue
  }
}
