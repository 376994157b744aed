// SPDX-License-Identifier: GPL-3.0-or-later

package import FlowEngine
package import JSONDocument

/// A request that an engine's host answers in JSON, beside netlink: one for each value of the member `request`.
package protocol HostService: AnyObject {
  /// The value of the member `request`.
  var name: String { get }

  /// Answers a request.
  ///
  /// - Parameters:
  ///   - request: the whole request, an object.
  ///   - client: who asks: the port id of the connection.
  ///   - engine: between two bursts.
  /// - Returns: the answer.
  /// - Throws: anything; its description becomes the answer's member `error`.
  func answer(_ request: JSONValue, from client: UInt32, _ engine: Engine) throws -> HostAnswer

  /// What came since the last call, each a JSON text, for a client whose answer goes on.
  func more(for client: UInt32, _ engine: Engine) -> [String]

  /// A client whose answer went on has closed its connection.
  func clientClosed(_ client: UInt32, _ engine: Engine)
}

extension HostService {
  package func more(for client: UInt32, _ engine: Engine) -> [String] { [] }
  package func clientClosed(_ client: UInt32, _ engine: Engine) {}
}

/// What a host service answers.
package struct HostAnswer: Equatable, Sendable {
  /// A JSON text; empty: none yet.
  package var json: String
  /// Whether more follows, until the client closes its connection: ``HostService/more(for:_:)`` is then asked each time that
  /// the control socket is served.
  package var goesOn: Bool

  package init(_ json: String, goesOn: Bool = false) {
    self.json = json
    self.goesOn = goesOn
  }
}

/// Why a host request is refused.
package struct HostRequestError: Error, Equatable, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}

/// `{"request": "instance"}`: which engine this is.
final class InstanceService: HostService {
  let name = "instance"
  private let instance: String
  private let process: Int32

  init(instance: String, process: Int32) {
    self.instance = instance
    self.process = process
  }

  func answer(_ request: JSONValue, from client: UInt32, _ engine: Engine) -> HostAnswer {
    HostAnswer(
      #"{"instance":"\#(instance)","pid":\#(process),"kernel":"\#(engine.router.generation.rawValue)"}"#)
  }
}

/// `{"request": "sysctl", "names": ["net/netfilter/nf_conntrack_max", …]}`: the values of the sysctls that the engine has.
final class SysctlService: HostService {
  let name = "sysctl"

  func answer(_ request: JSONValue, from client: UInt32, _ engine: Engine) throws -> HostAnswer {
    guard let wanted = request["names"]?.strings else {
      throw HostRequestError("'names' is not an array of names")
    }
    let members = wanted.compactMap { name -> String? in
      // Only a name that exists is repeated, so that none needs an escape.
      Self.value(name, engine.router).map { "\"\(name)\":\($0)" }
    }
    return HostAnswer("{\(members.joined(separator: ","))}")
  }

  private static func value(_ name: String, _ router: Router) -> UInt64? {
    switch name {
    case "net/ipv4/ip_forward": router.sysctls.forwards4 ? 1 : 0
    case "net/ipv6/conf/all/forwarding": router.sysctls.forwards6 ? 1 : 0
    case "net/netfilter/nf_conntrack_count": UInt64(router.conntrack.count)
    default:
      name.hasPrefix("net/netfilter/")
        ? router.conntrack.settings.value(String(name.dropFirst("net/netfilter/".count))) : nil
    }
  }
}
