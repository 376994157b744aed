// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Testing

/// What the kernel does with a filter, for one entry.
/// Source: net/netfilter/nf_conntrack_netlink.c, `ctnetlink_filter_match`, `ctnetlink_filter_match_tuple`.
private func kernelPasses(_ filter: KernelFilter, _ entry: ConntrackEntry) -> Bool {
  if filter.family != .unspecified, entry.original.source.family != filter.family { return false }
  if entry.markField & filter.markMask != filter.markValue { return false }
  if entry.statusField.rawValue & filter.statusMask != filter.requiredStatus.rawValue { return false }
  if let zone = filter.zone {
    let own =
      entry.present.contains(.zone)
      ? entry.zoneField
      : entry.original.hasZone ? entry.original.zone : entry.reply.hasZone ? entry.reply.zone : 0
    if own != zone { return false }
  }
  return passes(filter.original, entry.original) && passes(filter.reply, entry.reply)
}

private func passes(_ filter: KernelFilter.Tuple, _ tuple: ConntrackTuple) -> Bool {
  if let source = filter.source, source != tuple.source { return false }
  if let destination = filter.destination, destination != tuple.destination { return false }
  if let layer4 = filter.layer4, layer4 != tuple.layer4 { return false }
  if let port = filter.sourcePort, port != tuple.sourcePort { return false }
  if let port = filter.destinationPort, port != tuple.destinationPort { return false }
  return true
}

@Suite("Properties of selections")
struct SelectionPropertyTests {
  static let seeds: [UInt64] = [1, 0xdead_beef]

  @Test("the matcher agrees with the plain meaning of every predicate", arguments: seeds)
  func matcher(seed: UInt64) {
    var flows = RandomFlows(seed: seed)
    let entries = (0..<60).map { _ in flows.entry() }
    var hits = 0
    for round in 0..<800 {
      let predicate = flows.predicate()
      let matcher = FlowMatcher(predicate)
      for entry in entries {
        let expected = PlainEvaluator.holds(predicate, entry)
        if expected { hits += 1 }
        guard matcher.matchesAsTested(entry) == expected else {
          Issue.record("seed \(seed) round \(round): \(predicate) expected \(expected) for \(entry)")
          return
        }
      }
    }
    #expect(hits > 5_000 && hits < 43_000)
  }

  @Test("each single test agrees with its plain meaning", arguments: seeds)
  func singleTests(seed: UInt64) {
    var flows = RandomFlows(seed: seed)
    let entries = (0..<100).map { _ in flows.entry() }
    for _ in 0..<1500 {
      let predicate = FlowPredicate.test(flows.test())
      let matcher = FlowMatcher(predicate)
      guard
        let entry = entries.first(where: {
          matcher.matchesAsTested($0) != PlainEvaluator.holds(predicate, $0)
        })
      else { continue }
      Issue.record("seed \(seed): \(predicate) for \(entry)")
      return
    }
  }

  @Test("no entry matches what is called a contradiction", arguments: seeds)
  func contradictions(seed: UInt64) {
    var flows = RandomFlows(seed: seed)
    let entries = (0..<300).map { _ in flows.entry() }
    var found = 0
    for round in 0..<1200 {
      let predicate = round % 2 == 0 ? flows.conjunction() : flows.predicate()
      guard let reason = predicate.contradiction() else { continue }
      found += 1
      let matcher = FlowMatcher(predicate)
      guard let entry = entries.first(where: matcher.matchesAsTested) else { continue }
      Issue.record("seed \(seed) round \(round): '\(reason)' but \(predicate) matches \(entry)")
      return
    }
    #expect(found > 120)
  }

  @Test("what holds for an entry is not called a contradiction", arguments: seeds)
  func possibilities(seed: UInt64) {
    var flows = RandomFlows(seed: seed)
    for round in 0..<1500 {
      let entry = flows.entry()
      let predicate = FlowPredicate.all((0..<8).map { _ in flows.predicate(holdingFor: entry) })
      guard let reason = predicate.contradiction() else { continue }
      Issue.record("seed \(seed) round \(round): '\(reason)' but \(predicate) matches \(entry)")
      return
    }
  }

  @Test("a test and its opposite are always seen to exclude each other", arguments: seeds)
  func opposites(seed: UInt64) {
    var flows = RandomFlows(seed: seed)
    let pairs: [(FlowPredicate) -> FlowPredicate] = [
      { .all([$0, .not($0)]) }, { .not(.any([$0, .not($0)])) },
    ]
    for _ in 0..<500 {
      let test = FlowPredicate.test(flows.test())
      for pair in pairs {
        guard pair(test).contradiction() == nil else { continue }
        Issue.record("seed \(seed): \(pair(test)) is not seen to be impossible")
        return
      }
    }
  }

  @Test("the kernel's filter lets pass every entry that matches", arguments: seeds)
  func kernelFilter(seed: UInt64) {
    var flows = RandomFlows(seed: seed, isKernelLike: true)
    var rejected = 0
    for round in 0..<1500 {
      let entry = flows.entry()
      // Half of them with family and protocol, without which the kernel is asked for no port.
      let frame: [FlowPredicate] = [
        .test(.family(entry.original.family)), .test(.layer4(entry.original.layer4)),
      ]
      let part = flows.predicate(holdingFor: entry)
      let predicate = flows.chance(50) ? .all(frame + [part]) : part
      let filter = KernelFilter(predicate)
      if !kernelPasses(filter, flows.entry()) { rejected += 1 }
      guard kernelPasses(filter, entry) else {
        Issue.record("seed \(seed) round \(round): \(filter) of \(predicate) rejects \(entry)")
        return
      }
    }
    #expect(rejected > 150)
  }

  @Test("the kernel's filter keeps the kernel's rules", arguments: seeds)
  func kernelRules(seed: UInt64) {
    var flows = RandomFlows(seed: seed)
    for _ in 0..<2000 {
      let predicate = flows.chance(50) ? flows.conjunction() : flows.predicate()
      let filter = KernelFilter(predicate)
      let tuples = [filter.original, filter.reply]
      #expect(filter.family != .unspecified || tuples.allSatisfy(\.isEmpty), "CTA_FILTER needs a family")
      #expect(filter.zone != 0)
      #expect(filter.markValue & ~filter.markMask == 0)
      #expect(filter.requiredStatus.isDisjoint(with: filter.forbiddenStatus))
      for tuple in tuples {
        let addresses = [tuple.source, tuple.destination].compactMap { $0 }
        #expect(addresses.allSatisfy { $0.family == .ipv4 && filter.family == .ipv4 })
        if tuple.sourcePort != nil || tuple.destinationPort != nil {
          #expect(tuple.layer4 == 6 || tuple.layer4 == 17)
        }
      }
    }
  }
}
