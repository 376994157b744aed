// SPDX-License-Identifier: GPL-3.0-or-later

package import FlowEngine
package import JSONDocument
private import NetlinkWire
private import PacketWire
private import Reporting

/// What became of the frames of a replay, flow by flow.
package struct ReplayReport: Sendable {
  /// Most flows of which is told; frames of further ones are counted together.
  private static let largest = 1 << 20

  /// What became of the frames of one flow.
  package struct Flow: Sendable {
    /// The original direction.
    package var tuple: Tuple
    package var fast: UInt64 = 0
    package var classic: UInt64 = 0
    /// The frame, counted from 1, that put the flow into a flowtable, and when, in nanoseconds on the engine's clock since
    /// the first frame.
    package var offloadedBy: UInt64?
    package var offloadedAt: UInt64 = 0
    /// Why frames did not take the fast path.
    package var reasons: [Reason: UInt64] = [:]
  }

  /// Frames of all captures.
  package internal(set) var frames: UInt64 = 0
  /// Frames that the capture held in part only; they were left out.
  package internal(set) var cut: UInt64 = 0
  /// Frames that belong to no flow, or to one too many.
  package private(set) var others: UInt64 = 0
  /// In the order of their first frames.
  package private(set) var flows: [Flow] = []
  private var places: [Tuple: Int] = [:]

  /// Counts a frame with what the engine has counted meanwhile.
  mutating func note(_ octets: [UInt8], _ device: UInt32, _ before: Statistics, _ router: Router) {
    guard let tuple = Self.tuple(octets) else {
      others += 1
      return
    }
    let hit = router.conntrack.find(tuple)
    let original = hit.map { router.conntrack[$0.slot].original } ?? tuple
    guard let place = place(original) ?? tuple.inverted.flatMap({ place($0) }) ?? add(original) else {
      others += 1
      return
    }
    let after = router.statistics
    let isFast = after[.fastForwarded] > before[.fastForwarded]
    if isFast { flows[place].fast += 1 } else { flows[place].classic += 1 }
    for (reason, count) in after.nonzero where reason.keepsOffFastPath && count > before[reason] {
      flows[place].reasons[reason, default: 0] += 1
    }
    if flows[place].offloadedBy == nil, let hit, router.conntrack[hit.slot].isOffloaded {
      flows[place].offloadedBy = frames
      flows[place].offloadedAt = router.now.since(Instant(seconds: 1))
    }
  }

  private func place(_ tuple: Tuple) -> Int? { places[tuple] }

  private mutating func add(_ tuple: Tuple) -> Int? {
    guard flows.count < Self.largest else { return nil }
    places[tuple] = flows.count
    flows.append(Flow(tuple: tuple))
    return flows.count - 1
  }

  /// The tuple of a TCP, UDP or other frame whose flow its addresses and ports name; nil for everything else.
  private static func tuple(_ octets: [UInt8]) -> Tuple? {
    // Safe: the span does not outlive the array.
    let bytes = unsafe octets.span.bytes
    guard let layout = FrameLayout(bytes), layout.transport + 4 <= octets.count else { return nil }
    guard layout.proto == IPProtocol.tcp || layout.proto == IPProtocol.udp else { return nil }
    func port(_ offset: Int) -> UInt16 { UInt16(octets[offset]) << 8 | UInt16(octets[offset + 1]) }
    let (start, length) = layout.family == .ipv4 ? (12, 4) : (8, 16)
    func address(_ number: Int) -> Address {
      var words: (UInt64, UInt64) = (0, 0)
      for octet in octets[(layout.network + start + number * length)...].prefix(length) {
        words = (words.0 << 8 | words.1 >> 56, words.1 << 8 | UInt64(octet))
      }
      return Address(high: words.0, low: words.1)
    }
    return Tuple(
      family: layout.family, proto: layout.proto, source: address(0), destination: address(1),
      sourcePort: port(layout.transport), destinationPort: port(layout.transport + 2))
  }

  // MARK: Telling

  /// One line for a flow, and one for each reason why frames did not take the fast path.
  package var lines: [String] {
    var result: [String] = []
    for flow in flows {
      let offloaded =
        flow.offloadedBy.map { "offloaded by frame \($0) at \(Self.seconds(flow.offloadedAt)) s" }
        ?? "never offloaded"
      result.append("\(Self.text(flow.tuple)): \(flow.fast) fast, \(flow.classic) classic, \(offloaded)")
      for (reason, count) in flow.reasons.sorted(by: {
        ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue)
      }) {
        result.append("    \(count) \(reason.text)")
      }
    }
    result.append("\(frames) frames, \(flows.count) flows, \(others) frames of no flow, \(cut) cut short")
    return result
  }

  /// The same as one object.
  package var json: JSONValue {
    .object([
      ("frames", .number(frames)), ("cut", .number(cut)), ("others", .number(others)),
      (
        "flows",
        .array(
          flows.map { flow in
            .object([
              ("flow", .string(Self.text(flow.tuple))), ("fast", .number(flow.fast)),
              ("classic", .number(flow.classic)),
              ("offloaded_by", flow.offloadedBy.map { .number($0) } ?? .null),
              ("offloaded_at", flow.offloadedBy == nil ? .null : .number(Self.seconds(flow.offloadedAt))),
              (
                "reasons",
                .object(
                  flow.reasons.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    ($0.key.name, .number($0.value))
                  })
              ),
            ])
          })
      ),
    ])
  }

  private static func seconds(_ nanoseconds: UInt64) -> String {
    let micros = String(nanoseconds / 1000 % 1_000_000)
    return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 6 - micros.count) + micros
  }

  private static func text(_ tuple: Tuple) -> String {
    func end(_ address: Address, _ port: UInt16) -> String {
      var buffer = OutputBuffer()
      buffer.append(
        IPAddress(high: address.high, low: address.low, family: tuple.family == .ipv6 ? .ipv6 : .ipv4))
      return tuple.family == .ipv6 ? "[\(buffer.text)]:\(port)" : "\(buffer.text):\(port)"
    }
    let name = tuple.proto == IPProtocol.tcp ? "tcp" : "udp"
    return
      "\(name) \(end(tuple.source, tuple.sourcePort)) -> \(end(tuple.destination, tuple.destinationPort))"
  }
}

extension Reason {
  /// Whether it says why a frame did not take the fast path, or did not go on at all.
  fileprivate var keepsOffFastPath: Bool {
    switch self {
    case .received, .fastForwarded, .classicForwarded, .delivered, .tracked, .inserted, .flowAdded,
      .flowFreed, .sent,
      .replySent, .errorSent:
      false
    default: true
    }
  }
}
