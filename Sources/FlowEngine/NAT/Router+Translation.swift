// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

extension Router {
  /// Binds what a rule asks for to the packet's entry.
  ///
  /// Source: net/netfilter/nft_nat.c, nft_masq.c, nft_redir.c; net/netfilter/nf_nat_masquerade.c.
  func bindTranslation(_ request: TranslationRequest, _ packet: inout Packet, _ hook: Hook) -> RuleVerdict {
    guard let slot = conntrack.slot(packet.entry) else { return .accept }
    var range = TranslationRange()
    range.flags = TranslationRange.Flags(rawValue: request.flags)
    range.minimumAddress = Address(request.minimumAddress)
    range.maximumAddress = Address(request.maximumAddress)
    range.minimumPort = request.minimumPort
    range.maximumPort = request.maximumPort
    var part = request.isSource ? TranslationPart.source : .destination
    switch request.kind {
    case .range: break
    case .masquerade:
      part = .source
      guard packet.family == .ipv6 || !packet.source.isUnspecified else { return .accept }
      let hop = packet.route?.gateway ?? packet.destination
      guard let address = device(packet.output)?.sourceAddress(towards: hop, packet.family) else {
        return .drop
      }
      range.flags.insert(.addresses)
      range.minimumAddress = address
      range.maximumAddress = address
      conntrack[slot].masqueradeDevice = packet.output
    case .redirect:
      part = .destination
      let loopback = packet.family == .ipv4 ? Address(ipv4: 0x7f00_0001) : Address(high: 0, low: 1)
      let own = device(packet.input)?.addresses.first { $0.family == packet.family }?.address
      guard let address = hook == .output ? loopback : own else { return .drop }
      range.flags.insert(.addresses)
      range.minimumAddress = address
      range.maximumAddress = address
    }
    return bind(slot, range, part) ? .accept : .drop
  }

  /// Chooses the translated tuple and sets it, once for each part. False: already done, or nothing fits.
  ///
  /// Source: net/netfilter/nf_nat_core.c, nf_nat_setup_info.
  package func bind(_ slot: Int, _ range: TranslationRange, _ part: TranslationPart) -> Bool {
    let done: ConntrackStatus = part == .source ? .sourceNATDone : .destinationNATDone
    let entry = conntrack[slot]
    guard !entry.status.contains(done), !entry.isConfirmed, let current = entry.reply.inverted else {
      return false
    }
    let original = current.inZone(entry.original.zone)
    let chosen = uniqueTuple(original, slot, range, part)
    if chosen != original, let reply = chosen.inverted {
      conntrack[slot].reply = reply.inZone(entry.reply.zone)
      conntrack[slot].status.insert(part == .source ? .sourceNAT : .destinationNAT)
    }
    conntrack[slot].status.insert(done)
    return true
  }

  /// Whether another entry has the answer to `tuple` as a key.
  private func isTaken(_ tuple: Tuple, _ slot: Int) -> Bool {
    guard let inverted = tuple.inverted else { return true }
    return conntrack.isTaken(inverted.inZone(conntrack[slot].reply.zone), except: slot, now)
  }

  /// Source: net/netfilter/nf_nat_core.c, get_unique_tuple.
  private func uniqueTuple(_ original: Tuple, _ slot: Int, _ range: TranslationRange, _ part: TranslationPart)
    -> Tuple
  {
    let isRandom = !range.flags.isDisjoint(with: .anyRandom)
    if part == .source, !isRandom {
      if isInRange(original, range, part) {
        if !isTaken(original, slot) { return original }
      } else if let mapped = previousMapping(original, range), !isTaken(mapped, slot) {
        return mapped
      }
    }
    var tuple = original
    if range.flags.contains(.addresses) { chooseAddress(&tuple, range, part) }
    if !isRandom {
      if range.flags.contains(.ports) {
        let isFixed = range.minimumPort == range.maximumPort
        if !range.flags.contains(.portOffset), range.contains(port: port(tuple, part)),
          isFixed || !isTaken(tuple, slot)
        {
          return tuple
        }
      } else if !isTaken(tuple, slot) {
        return tuple
      }
    }
    choosePort(&tuple, original, slot, range, part)
    return tuple
  }

  private func port(_ tuple: Tuple, _ part: TranslationPart) -> UInt16 {
    part == .source || tuple.isICMP ? tuple.sourcePort : tuple.destinationPort
  }

  private func isInRange(_ tuple: Tuple, _ range: TranslationRange, _ part: TranslationPart) -> Bool {
    range.contains(part == .source ? tuple.source : tuple.destination)
      && range.contains(port: port(tuple, part))
  }

  /// The tuple that an earlier flow of the same source was given, when it is in range.
  private func previousMapping(_ tuple: Tuple, _ range: TranslationRange) -> Tuple? {
    func mapped(_ slot: Int) -> Tuple {
      var result = tuple
      result.source = conntrack[slot].reply.destination
      if !tuple.isICMP { result.sourcePort = conntrack[slot].reply.destinationPort }
      return result
    }
    let found = conntrack.findBySource(tuple) { isInRange(mapped($0), range, .source) }
    return found.map(mapped)
  }

  /// One address of the range, the same for the same source (and destination, unless persistent).
  ///
  /// Source: net/netfilter/nf_nat_core.c, find_best_ips_proto.
  private func chooseAddress(_ tuple: inout Tuple, _ range: TranslationRange, _ part: TranslationPart) {
    let low = range.minimumAddress
    let high = range.maximumAddress
    var chosen = low
    if low != high {
      let last =
        range.flags.contains(.persistent) ? 0 : tuple.destination.low & 0xffff_ffff ^ UInt64(tuple.zone)
      let hash = mixed(
        tuple.source.high ^ 0x9e37_79b9_7f4a_7c15,
        mixed(tuple.source.low ^ 0xbf58_476d_1ce4_e5b9, last | 1 << 40))
      let lowValue = UInt128(low.high) << 64 | UInt128(low.low)
      let highValue = UInt128(high.high) << 64 | UInt128(high.low)
      let span = highValue &- lowValue
      chosen = Address(lowValue &+ (span == .max ? UInt128(hash) : UInt128(hash) % (span + 1)))
    }
    if range.flags.contains(.netmap) {
      chosen = netmapped(part == .source ? tuple.source : tuple.destination, range)
    }
    if part == .source { tuple.source = chosen } else { tuple.destination = chosen }
  }

  /// The address with the network bits of the range and the host bits of `address`.
  private func netmapped(_ address: Address, _ range: TranslationRange) -> Address {
    let low = range.minimumAddress
    let mask = (low.high ^ range.maximumAddress.high, low.low ^ range.maximumAddress.low)
    return Address(
      high: low.high & ~mask.0 | address.high & mask.0, low: low.low & ~mask.1 | address.low & mask.1)
  }

  /// Searches a free port, or ICMP identifier; leaves the last one tried when there is none.
  ///
  /// Source: net/netfilter/nf_nat_core.c, nf_nat_l4proto_unique_tuple.
  private func choosePort(
    _ tuple: inout Tuple, _ original: Tuple, _ slot: Int, _ range: TranslationRange, _ part: TranslationPart
  ) {
    var first: UInt32
    var size: UInt32
    let isICMP = tuple.isICMP
    switch tuple.proto {
    case _ where isICMP: break
    case IPProtocol.tcp, IPProtocol.udp, IPProtocol.sctp: break
    case IPProtocol.udplite where generation.tracksUDPLite: break
    default: return
    }
    if range.flags.contains(.ports) {
      let (low, high) = (UInt32(range.minimumPort), UInt32(range.maximumPort))
      first = min(low, high)
      size = max(low, high) - first + 1
    } else if isICMP {
      (first, size) = (0, 65_536)
    } else {
      // Without a range a destination port stays as it is.
      if part == .destination { return }
      switch tuple.sourcePort {
      case 0..<512: (first, size) = (1, 511)
      case 512..<1024: (first, size) = (600, 424)
      default: (first, size) = (1024, 64_512)
      }
    }
    var offset: UInt32
    if range.flags.contains(.portOffset) {
      offset = UInt32(port(original, part) &- range.basePort)
    } else if !range.flags.isDisjoint(with: .anyRandom) || part == .source {
      let drawn = drawnPort.map { UInt32($0) &- first } ?? size
      offset = drawn < size ? drawn : UInt32(random.number(below: 65_536))
    } else {
      offset = 0
    }
    var attempts = min(size, 128)
    while true {
      for _ in 0..<attempts {
        let candidate = UInt16(truncatingIfNeeded: first + offset % size)
        if part == .source || isICMP {
          tuple.sourcePort = candidate
        } else {
          tuple.destinationPort = candidate
        }
        if !isTaken(tuple, slot) { return }
        offset &+= 1
      }
      if attempts >= size || attempts < 16 { return }
      attempts /= 2
      offset = UInt32(random.number(below: 65_536))
    }
  }
}

extension Address {
  /// The address whose octets are those of `value`, most significant first.
  package init(_ value: UInt128) {
    self.init(high: UInt64(truncatingIfNeeded: value >> 64), low: UInt64(truncatingIfNeeded: value))
  }
}
