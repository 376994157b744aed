// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

/// What the stages of a batch know of each frame.
struct BatchWork: ~Copyable {
  var parses: [32 of FastParse] = .init(repeating: FastParse(.fastMissed))
  /// Sum of what was read ahead, kept so that the reads are made.
  var touched: UInt64 = 0
}

extension Router {
  /// Takes in the frames of a batch, in order: those that a flow forwards are rewritten in place, all others go the
  /// classic way.
  ///
  /// In stages, so that the memory accesses of different frames overlap: read and hash all headers and fetch their
  /// buckets, fetch the flows, then look up and rewrite. Flows' states are read in the last stage only, where one
  /// frame's effect is there before the next is looked at.
  package func receive(_ batch: inout FrameBatch, on index: UInt32, at time: Instant) {
    advance(to: time)
    let start = sent.count
    statistics[.received] &+= UInt64(batch.count)
    acceptOffloads(&batch)
    if hardware.exists { takeInHardware(&batch, index, start) }
    guard Int(index) < devices.count, devices[Int(index)]?.isUp == true,
      ruleset.ingressHookCount(device: index) == 1,
      case .flowtable(let id) = ruleset.ingressHook(device: index, at: 0), let table = flowtables[id.number]
    else {
      for position in 0..<batch.count where batch.slots[position].outcome == .pending {
        receiveClassic(&batch, position, index, start, skipsIngress: false)
      }
      return
    }
    var terms = terms()
    readAhead(&batch, FastTable(table), index)
    var forwarded: UInt64 = 0
    for position in 0..<batch.count where batch.slots[position].outcome == .pending {
      // A frame on the classic path may have changed neighbours or routes.
      terms.epoch = epoch
      let reason = work.parses[position].reason
      guard reason == .fastForwarded else {
        statistics.count(reason)
        receiveClassic(&batch, position, index, start, skipsIngress: true)
        continue
      }
      let found = flows.find(work.parses[position].key, work.parses[position].hash)
      guard found >= 0 else {
        statistics.count(.fastMissed)
        receiveClassic(&batch, position, index, start, skipsIngress: true)
        continue
      }
      let outcome = batch.withRoom(position) { forward(found, &$0, work.parses[position], terms) }
      batch.slots[position].sentBefore = sent.count - start
      switch outcome {
      case .sent(let output, let start):
        forwarded &+= 1
        batch.move(position, to: start)
        if !ruleset.hasEgress(device: output), leavesAsItIs(&batch, position, output) {
          batch.slots[position].outcome = .forward(output)
          continue
        }
        batch.slots[position].outcome = .taken
        statistics[.sent] &-= 1
        emit(Packet(frame: batch.octets(position)).frame(), batch.slots[position].offload, on: output)
      case .passUp(let reason):
        statistics.count(reason)
        receiveClassic(&batch, position, index, start, skipsIngress: true)
      case .waiting:
        forwarded &+= 1
        batch.slots[position].outcome = .taken
        var packet = Packet(frame: batch.octets(position), offload: batch.slots[position].offload)
        packet.input = index
        sendResolving(&packet, found, work.parses[position])
      }
    }
    statistics[.fastForwarded] &+= forwarded
    statistics[.sent] &+= forwarded
    finish()
  }

  /// Takes what is left to be done to each frame as the kernel would; frames for which it cannot be are taken out.
  @inline(__always)
  private func acceptOffloads(_ batch: inout FrameBatch) {
    for position in 0..<batch.count where !batch.slots[position].offload.isNone {
      if let accepted = batch.slots[position].offload.accepted(for: batch.octets(position)) {
        batch.slots[position].offload = accepted
      } else {
        statistics.count(.offloadRefused)
        batch.slots[position].outcome = .taken
      }
    }
  }

  /// Frames that the device's hardware carries on are taken out.
  @inline(never)
  private func takeInHardware(_ batch: inout FrameBatch, _ index: UInt32, _ start: Int) {
    for position in 0..<batch.count where batch.slots[position].outcome == .pending {
      batch.slots[position].sentBefore = sent.count - start
      if forwardInHardware(batch.octets(position), batch.slots[position].offload, on: index) {
        batch.slots[position].outcome = .taken
      }
    }
  }

  /// Whether a frame that has been rewritten needs nothing more for its device.
  @inline(__always)
  private func leavesAsItIs(_ batch: inout FrameBatch, _ position: Int, _ output: UInt32) -> Bool {
    let offload = batch.slots[position].offload
    if offload.isNone { return true }
    guard let device = device(output), device.kind == .port,
      let left = Segmentation.whole(batch.octets(position), offload, device.offloads)
    else { return false }
    batch.slots[position].offload = left
    return true
  }

  /// The first two stages: headers, hashes, buckets; then the flows that the buckets name.
  @inline(__always)
  private func readAhead(_ batch: inout FrameBatch, _ table: FastTable, _ index: UInt32) {
    var touched: UInt64 = 0
    let seed = flows.seed
    for position in 0..<batch.count {
      work.parses[position] = parse(batch.octetsWithRoom(position), table, index, seed)
      if !batch.slots[position].offload.isNone {
        work.parses[position].take(batch.slots[position].offload, batch.octetsWithRoom(position))
      }
      touched ^= flows.index.touch(work.parses[position].hash)
    }
    for position in 0..<batch.count {
      let slot = flows.index.guess(work.parses[position].hash)
      guard slot >= 0 else { continue }
      // Safe: the index holds slots of the slab only.
      touched ^= unsafe flows.entry(slot).pointee.key.source.low
      touched ^= unsafe flows.entry(slot).pointee.deadline
    }
    work.touched = touched
  }

  /// Reads a frame with room in front; a tag of its own is taken for the outermost one.
  @inline(__always)
  private func parse(_ bytes: RawSpan, _ table: FastTable, _ index: UInt32, _ seed: UInt64) -> FastParse {
    let start = FrameBatch.headroom
    guard bytes.byteCount >= start &+ EthernetView.headerLength else { return FastParse(.fastTruncated) }
    var offset = start &+ EthernetView.headerLength
    var type = bytes.be16(offset &- 2)
    if type == EtherType.ipv4 || type == EtherType.ipv6 {
      return FastParse(
        bytes, network: offset, type: type, encapsulation: 0, device: index, table, seed: seed)
    }
    var tag: UInt32 = 0
    if type == EtherType.vlan || type == EtherType.serviceVLAN {
      guard bytes.byteCount >= offset &+ VLANTagView.length else { return FastParse(.fastTruncated) }
      tag = UInt32(type) << 16 | UInt32(bytes.be16(offset))
      type = bytes.be16(offset &+ 2)
      offset &+= VLANTagView.length
    }
    return FastParse(
      bytes, start: offset, etherType: type, vlanTag: tag, device: index, table, seed: seed)
  }

  /// Takes a frame the classic way. `skipsIngress`: the flowtable has already passed it up.
  private func receiveClassic(
    _ batch: inout FrameBatch, _ position: Int, _ index: UInt32, _ start: Int, skipsIngress: Bool
  ) {
    batch.slots[position].sentBefore = sent.count - start
    batch.slots[position].outcome = .taken
    admit(batch.octets(position), batch.slots[position].offload, on: index, skipsIngress: skipsIngress)
    finish()
  }
}
