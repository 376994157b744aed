// SPDX-License-Identifier: GPL-3.0-or-later
import JSONDocument
import NetfilterClient
import NetlinkWire

/// Requests to the host of a running engine, beside netlink.
enum EngineHostQuery {
  /// Asks, and waits for the answer.
  ///
  /// - Parameters:
  ///   - instance: the engine.
  ///   - request: a JSON object with the member `request`.
  /// - Returns: nil when the engine cannot be reached or refuses.
  static func ask(_ instance: EngineInstance, _ request: String) -> JSONValue? {
    guard let socket = try? EngineSocket(instance, netlinkProtocol: 0),
      let answer = try? socket.askHost(request), let value = try? JSONValue(parsing: answer),
      value["error"] == nil
    else { return nil }
    return value
  }

  /// How often the current engine took each decision, by its reason; nil on a kernel.
  static func decisions() -> [(name: String, value: UInt64)]? {
    guard case .engine(let instance) = NetlinkEndpoint.current,
      let reasons = ask(instance, #"{"request":"statistics"}"#)?["reasons"]?.members
    else { return nil }
    return reasons.compactMap { member in member.value.integer(as: UInt64.self).map { (member.name, $0) } }
  }
}
