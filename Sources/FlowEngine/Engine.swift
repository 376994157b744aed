// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// The engine: a router with flowtables, without I/O and without a clock of its own.
///
/// Frames, requests and the time come from the caller; frames, answers and events go back to it. Equal input gives
/// equal output.
public final class Engine {
  /// The data path.
  package let router: Router

  /// - Parameters:
  ///   - generation: the kernel whose behaviour is reproduced.
  ///   - seed: of all chance: hashes, ports, identifications.
  package init(generation: KernelGeneration = .linux612, seed: UInt64) {
    router = Router(generation: generation, seed: seed)
  }

  /// Takes in one frame, from its Ethernet header on, with what is left to be done to it.
  package func receive(
    _ frame: RawSpan, offload: VirtioHeader = .none, on device: UInt32, at time: Instant
  ) {
    router.receive(frame, offload: offload, on: device, at: time)
  }

  /// Lets time pass; what is due happens in order.
  package func advance(to time: Instant) { router.advance(to: time) }

  /// Frames that left since the last call, oldest first.
  package func takeSent() -> [SentFrame] {
    guard !router.sent.isEmpty else { return [] }
    let frames = router.sent
    router.sent.removeAll(keepingCapacity: true)
    return frames
  }

  /// Executes a datagram of nf_tables messages.
  package func loadRules(_ datagram: RawSpan, from client: ControlClient) -> ControlOutput {
    let output = router.ruleset.handleBatch(datagram, from: client, now: router.now.nanoseconds)
    router.adoptRuleset()
    return output
  }
}
