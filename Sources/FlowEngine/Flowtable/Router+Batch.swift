// SPDX-License-Identifier: GPL-3.0-or-later

import PacketWire

extension Router {
  /// Takes in the frames of a batch, in order: those that a flow forwards are rewritten in place, all others go the
  /// classic way. Traps when a router has taken them in before.
  ///
  /// In stages, so that the memory accesses of different frames overlap: read and hash all headers and fetch their
  /// buckets, fetch the flows, then look up and rewrite. Flows' states are read in the last stage only, where one
  /// frame's effect is there before the next is looked at.
  package func receive(_ batch: inout FrameBatch, on index: UInt32, at time: Instant) {
    batch.begin()
    // What is due before the frames come goes before them, too.
    let start = sent.count
    advance(to: time)
    statistics[.received] &+= UInt64(batch.count)
    if batch.hasOffloads { acceptOffloads(&batch) }
    if tracing.isOn { return receiveTraced(&batch, index, start) }
    if hardware.exists { return receiveWithHardware(&batch, index, start) }
    guard Int(index) < devices.count, links[index]?.isUp == true,
      ruleset.ingressHookCount(device: index) == 1,
      case .flowtable(let id) = ruleset.ingressHook(device: index, at: 0),
      let table = fastTables.first(where: { $0.id == id.number })
    else {
      batch.fetchTracked(from: 0, areRead: false, &conntrack)
      for position in 0..<batch.count {
        guard isNext(&batch, position, start) else { continue }
        receiveClassic(&batch, position, index, skipsIngress: false)
      }
      return
    }
    forwardKnown(&batch, table, index, start)
    finish()
  }

  /// Sends what flows carry; the rest goes the classic way.
  ///
  /// What is done for each packet of a flow allocates nothing, retains and releases nothing and checks no access: the
  /// benchmark's `check` looks for it in the binary.
  @inline(never)
  private func forwardKnown(_ batch: inout FrameBatch, _ table: FastTable, _ index: UInt32, _ start: Int) {
    unsafe batch.work.terms.pointee = terms(counts: table.counts)
    readAhead(&batch, table, index)
    let version = flows.index.version
    var forwarded = 0
    var position = 0
    var isFetched = false
    while true {
      let before = sent.count &- start
      let next =
        flows.index.version == version
        ? batch.carryPlain(from: position, to: batch.count, &flows, sentBefore: before)
        : batch.carryStale(from: position, &flows, sentBefore: before)
      forwarded &+= next &- position
      guard next < batch.count else { break }
      if !isFetched {
        isFetched = true
        batch.fetchTracked(from: next, areRead: true, &conntrack)
      }
      if isNext(&batch, next, start), forwardOther(&batch, next, table, index) { forwarded &+= 1 }
      position = next &+ 1
      // A frame on the classic path may have changed neighbours or routes.
      unsafe batch.work.terms.pointee.epoch = epoch
    }
    statistics[.fastForwarded] &+= UInt64(forwarded)
    statistics[.sent] &+= UInt64(forwarded)
  }

  /// Whether there is anything to be done for the frame, whose turn it is; either way it is noted how many frames were sent
  /// before it.
  @inline(__always)
  private func isNext(_ batch: inout FrameBatch, _ position: Int, _ start: Int) -> Bool {
    batch.slots[position].sentBefore = sent.count &- start
    return batch.slots[position].outcome == .pending
  }

  /// Takes on a frame for which there is something to be decided.
  /// - Returns: whether the fast path forwarded it.
  @inline(never)
  private func forwardOther(
    _ batch: inout FrameBatch, _ position: Int, _ table: FastTable, _ index: UInt32
  ) -> Bool {
    // Safe: the work lives as long as the batch.
    let parse = unsafe batch.work.pointer(position)
    let terms = unsafe batch.work.terms
    if unsafe batch.work.plain(position).pointee.isPlain { read(&batch, position, table, index) }
    var verdict = unsafe FastVerdict.passUp(parse.pointee.reason)
    var found = -1
    if unsafe parse.pointee.reason == .fastForwarded {
      found = unsafe flows.search(parse)
      verdict = .passUp(.fastMissed)
    }
    if found >= 0 {
      var bytes = batch.frameWithRoom(position)
      verdict = unsafe flows.process(found, &bytes, parse, terms)
      if verdict == .check { verdict = unsafe forwardChecked(found, &bytes, parse.pointee, terms.pointee) }
    }
    return unsafe settle(&batch, position, verdict, found, parse.pointee, index)
  }

  /// Does what is left to do for a frame that does not leave just as it was rewritten.
  /// - Returns: whether the fast path forwarded it.
  @inline(never)
  private func settle(
    _ batch: inout FrameBatch, _ position: Int, _ verdict: FastVerdict, _ found: Int, _ parse: FastParse,
    _ index: UInt32
  ) -> Bool {
    switch verdict {
    case .forward(let output, let begin, let hasEgress):
      batch.move(position, to: begin)
      if !hasEgress, leavesAsItIs(&batch, position, output) {
        batch.slots[position].outcome = .forward(output)
        return true
      }
      batch.slots[position].outcome = .taken
      statistics[.sent] &-= 1
      emit(Packet(frame: batch.octets(position)).frame(), batch.slots[position].offload, on: output)
      return true
    case .resolve:
      batch.slots[position].outcome = .taken
      var packet = Packet(frame: batch.octets(position), offload: batch.slots[position].offload)
      packet.input = index
      if let link = links[index] { packet.classify(for: link.mac) }
      sendResolving(&packet, found, parse)
      return true
    case .passUp, .check:
      let reason = parse.reason == .fastForwarded ? .fastMissed : parse.reason
      if reason == .fastProtocol, !tunnels.isEmpty {
        // There may be a flow for what is inside.
        receiveClassic(&batch, position, index, skipsIngress: false)
        return false
      }
      statistics.count(found >= 0 ? noteRefusal(verdict, found) : reason)
      receiveClassic(&batch, position, index, skipsIngress: true)
      return false
    }
  }

  /// Takes what is left to be done to each frame as the kernel would; frames for which it cannot be are taken out.
  @inline(never)
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

  /// Takes the frames one by one: what becomes of each may depend on whether the hardware took the one before.
  @inline(never)
  private func receiveWithHardware(_ batch: inout FrameBatch, _ index: UInt32, _ start: Int) {
    batch.fetchTracked(from: 0, areRead: false, &conntrack)
    for position in 0..<batch.count {
      guard isNext(&batch, position, start) else { continue }
      if forwardInHardware(batch.octets(position), batch.slots[position].offload, on: index) {
        batch.slots[position].outcome = .taken
      } else {
        receiveClassic(&batch, position, index, skipsIngress: false)
      }
    }
  }

  /// Takes the frames one by one, and records what happens to each.
  @inline(never)
  private func receiveTraced(_ batch: inout FrameBatch, _ index: UInt32, _ start: Int) {
    for position in 0..<batch.count {
      guard isNext(&batch, position, start) else { continue }
      batch.slots[position].outcome = .taken
      takeTraced(batch.octets(position), batch.slots[position].offload, on: index)
    }
  }

  /// Whether a frame that has been rewritten needs nothing more for its device.
  @inline(__always)
  private func leavesAsItIs(_ batch: inout FrameBatch, _ position: Int, _ output: UInt32) -> Bool {
    let offload = batch.slots[position].offload
    if offload.isNone { return true }
    guard let link = links[output], link.isPort,
      let left = Segmentation.whole(batch.octets(position), offload, link.offloads)
    else { return false }
    batch.slots[position].offload = left
    return true
  }

  /// The first two stages: headers, hashes, buckets; then the flows that the buckets name.
  @inline(never)
  private func readAhead(_ batch: inout FrameBatch, _ table: FastTable, _ index: UInt32) {
    let isAll = table.takesIPv4 ? batch.readPlain(table, device: index, &flows) : batch.clearPlain()
    if !isAll {
      for position in 0..<batch.count where unsafe !batch.work.plain(position).pointee.isPlain {
        read(&batch, position, table, index)
        unsafe flows.index.fetch(batch.work.pointer(position).pointee.hash)
      }
    }
    batch.fetchPlain(&flows)
    guard !isAll else { return }
    for position in 0..<batch.count where unsafe !batch.work.plain(position).pointee.isPlain {
      unsafe flows.fetch(batch.work.pointer(position).pointee.hash)
    }
  }

  /// Reads a frame that is not plain, or not just sent on.
  @inline(never)
  private func read(_ batch: inout FrameBatch, _ position: Int, _ table: FastTable, _ index: UInt32) {
    // Safe: the work lives as long as the batch.
    let parse = unsafe batch.work.pointer(position)
    let bytes = batch.octetsWithRoom(position)
    unsafe parse.pointee.read(
      bytes, ethernet: FrameBatch.headroom, device: index, table, seed: flows.seed)
    if batch.hasOffloads, !batch.slots[position].offload.isNone {
      unsafe parse.pointee.take(batch.slots[position].offload, bytes)
    }
  }

  /// Takes a frame the classic way; what it becomes goes back into its place in the batch if it is one frame that fits there.
  /// `skipsIngress`: the flowtable has already passed it up.
  @inline(never)
  private func receiveClassic(
    _ batch: inout FrameBatch, _ position: Int, _ index: UInt32, skipsIngress: Bool
  ) {
    batch.slots[position].outcome = .taken
    var octets = spareOctets.take() ?? []
    octets.overwrite(with: batch.octetsWithRoom(position))
    awaitsParcel = true
    unsafe conntrack.expect(batch.work.tuple(position).pointee.key)
    admit(consume octets, batch.slots[position].offload, on: index, skipsIngress: skipsIngress)
    awaitsParcel = false
    finish()
    guard let left = parcel.storage.take() else { return }
    if batch.replace(position, with: left.raw.dropping(parcel.start), parcel.offload, on: parcel.device) {
      spareOctets = left
    } else {
      sent.append(parcel.frame(of: left))
    }
  }
}
