// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

/// A base chain as the packet path sees it.
struct BaseChain: BitwiseCopyable {
  /// Number of the chain in ``Program/chains``.
  var chain: UInt32
  var priority: Int32
  /// When it was registered: of equal priorities the later one runs first.
  var sequence: UInt64
  var accepts: Bool
  /// NFPROTO_* that `meta nfproto` yields; 0: the packet's own family.
  var nfproto: UInt8
  /// Cell that counts what the policy decided, plus one; 0 when there is none.
  var counter: UInt32
}

/// What is attached to a device at ingress.
package enum IngressHook: Equatable, Sendable {
  /// A netdev (or `inet` ingress) chain, to be run with ``Ruleset/run(ingressChain:packet:environment:)``.
  case chain(UInt32)
  case flowtable(FlowtableID)
}

/// One hook of a device, in the order in which they run.
struct DeviceHook: BitwiseCopyable {
  var base: BaseChain
  /// A flowtable's number + 1; 0 for a chain.
  var flowtable: UInt32
}

struct HookRange: BitwiseCopyable {
  var first: UInt32 = 0
  var count: UInt32 = 0
}

/// The compiled rules: what a packet meets. Rebuilt as a whole at each commit.
struct Program: ~Copyable {
  var code = Row<Instruction>(capacity: 256)
  var constants = Row<UInt32>(capacity: 256)
  /// Where each chain begins in `code`.
  var chains = Row<UInt32>()
  var sets: SetTable
  /// Base chains, grouped by hook and family, sorted inside each group.
  var baseChains = Row<BaseChain>()
  /// Filter and route chains: by hook, then family class.
  var filters = Row<HookRange>()
  /// The places in `filters` that have chains, a bit each.
  var filtered: UInt32 = 0
  /// The families whose packets meet translating chains at any hook, a bit each, in the order of places.
  var translated: UInt32 = 0
  /// Translating chains: by hook, then family class.
  var translators = Row<HookRange>()
  var deviceHooks = Row<DeviceHook>()
  /// By device index: ingress, then egress.
  var deviceRanges = Row<HookRange>()

  /// Sets that packets change.
  var dynamicSets = Row<DynamicSet>()
  var dynamicStatements = Row<DynamicStatement>()
  /// The cells that new elements get copies of.
  var prototypes = Row<StateCell>()
  /// The expressions of which the prototypes are the state, by statement.
  var templates: [[NFTables.Expression]] = []

  init(seed: UInt32) { sets = SetTable(seed: seed) }

  /// Index into the hook ranges: 0 IPv4, 1 IPv6, 2 other.
  @inline(__always)
  static func place(_ hook: Hook, _ family: PacketFamily) -> Int {
    Int(hook.rawValue) * 3 + (family == .ipv4 ? 0 : family == .ipv6 ? 1 : 2)
  }
}

/// Tables, chains, rules, sets, objects and flowtables, as loaded by nfnetlink batches, and their evaluation.
///
/// Source (Linux 7.2): net/netfilter/nf_tables_core.c, nf_tables_api.c.
package struct Ruleset: ~Copyable {
  /// What the control plane knows; a batch works on a copy of it.
  var model: RulesetModel
  var program: Program
  var cells = StateStore()
  /// Where the jumps of the chain that is evaluated return to: they nest sixteen deep at most, the loader refuses more.
  var callers = Row<Caller>(repeating: Caller(), count: 16)
  /// Whose behaviour is reproduced.
  package let kernel: KernelGeneration
  /// Devices that can take flows into their hardware, by index.
  package var offloadingDevices: Set<UInt32> = []
  /// Devices that exist, by index.
  var devices: [UInt32: String] = [:]

  /// - Parameters:
  ///   - kernel: whose behaviour is reproduced.
  ///   - seed: of the sets' hash.
  package init(kernel: KernelGeneration, seed: UInt32) {
    self.kernel = kernel
    model = RulesetModel()
    program = Program(seed: seed)
    rebuild()
  }

  /// Whether any filtering chain is attached to `hook` for packets of `family`.
  @inline(__always)
  func filters(_ hook: Hook, _ family: PacketFamily) -> Bool {
    program.filtered >> UInt32(Program.place(hook, family)) & 1 != 0
  }

  /// The filtering chains attached to `hook` for packets of `family` whose priority is at least `from` and below `below`, in
  /// the order in which they run.
  @inline(__always)
  package func chains(_ hook: Hook, _ family: PacketFamily, from: Int, below: Int) -> Range<Int> {
    let range = program.filters[Program.place(hook, family)]
    var first = Int(range.first)
    var end = first &+ Int(range.count)
    while first < end, Int(program.baseChains[first].priority) < from { first &+= 1 }
    while end > first, Int(program.baseChains[end &- 1].priority) >= below { end &-= 1 }
    return first..<end
  }

  /// Whether any translating chain is attached to a hook for packets of `family`.
  @inline(__always)
  package func translates(_ family: PacketFamily) -> Bool {
    program.translated >> UInt32(Program.place(.prerouting, family)) & 1 != 0
  }

  /// Runs filtering chains of `hook`, as ``chains(_:_:from:below:)`` gives them.
  @inline(__always)
  package mutating func run<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ chains: Range<Int>, _ hook: Hook, packet: inout RulePacket, environment: inout Environment
  ) -> RuleVerdict {
    for index in chains {
      let base = program.baseChains[index]
      let verdict = evaluate(base, hook: hook, packet: &packet, environment: &environment)
      if verdict != .accept { return verdict }
    }
    return .accept
  }

  /// Runs the translating base chains of `hook` in order until one of them has bound a translation. To be
  /// called for the first packet of a flow in each of its two translations only.
  package mutating func runTranslation<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ hook: Hook, packet: inout RulePacket, environment: inout Environment
  ) -> RuleVerdict {
    let range = program.translators[Program.place(hook, packet.family)]
    let isSource = hook == .postrouting || hook == .input
    for index in 0..<Int(range.count) {
      let base = program.baseChains[Int(range.first) + index]
      let verdict = evaluate(base, hook: hook, packet: &packet, environment: &environment)
      if verdict != .accept { return verdict }
      if environment.isTranslated(isSource: isSource) { break }
    }
    return .accept
  }

  /// Number of flowtables and chains attached to a device at ingress.
  @inline(__always)
  package func ingressHookCount(device: UInt32) -> Int {
    let place = Int(device) * 2
    return place < program.deviceRanges.count ? Int(program.deviceRanges[place].count) : 0
  }

  /// The ingress hook at `index`, in the order in which they run. Traps when there is none.
  package func ingressHook(device: UInt32, at index: Int) -> IngressHook {
    let place = Int(program.deviceRanges[Int(device) * 2].first) + index
    let hook = program.deviceHooks[place]
    return hook.flowtable == 0
      ? .chain(UInt32(place)) : .flowtable(FlowtableID(number: hook.flowtable - 1))
  }

  /// Runs one ingress chain, as named by ``ingressHook(device:at:)``.
  package mutating func run<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    ingressChain number: UInt32, packet: inout RulePacket, environment: inout Environment
  ) -> RuleVerdict {
    let base = program.deviceHooks[Int(number)].base
    return evaluate(base, hook: .ingress, packet: &packet, environment: &environment)
  }

  /// Runs the egress chains of a device.
  package mutating func runEgress<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    device: UInt32, packet: inout RulePacket, environment: inout Environment
  ) -> RuleVerdict {
    let place = Int(device) * 2 + 1
    guard place < program.deviceRanges.count else { return .accept }
    let range = program.deviceRanges[place]
    for index in 0..<Int(range.count) {
      let base = program.deviceHooks[Int(range.first) + index].base
      let verdict = evaluate(base, hook: .egress, packet: &packet, environment: &environment)
      if verdict != .accept { return verdict }
    }
    return .accept
  }
}
