// SPDX-License-Identifier: GPL-3.0-or-later

package import JSONDocument

extension Topology {
  /// Which members an object of a description may have, and what each is.
  struct Members {
    enum Kind: String {
      case text = "a string"
      case number = "a number"
      case flag = "a boolean"
      case texts = "an array of strings"
      case list = "an array"
      case object = "an object"
      /// Whoever reads it says what it may be.
      case any

      func holds(_ value: JSONValue) -> Bool {
        switch self {
        case .text: value.string != nil
        case .number: value.int != nil
        case .flag: value.bool != nil
        case .texts: value.strings != nil
        case .list: value.array != nil
        case .object: value.members != nil
        case .any: true
        }
      }
    }

    let known: [String: Kind]

    static let router = Members(known: [
      "devices": .list, "routes": .list, "rules": .list, "neighbours": .list, "sysctl": .object,
    ])
    static let route = Members(known: [
      "to": .text, "via": .text, "dev": .text, "mtu": .number, "table": .any,
    ])
    static let neighbour = Members(known: ["dev": .text, "ip": .text, "mac": .text])

    /// Of a device; nil for a kind that there is not.
    static func device(_ kind: String) -> Members? {
      let own: [String: Kind]
      switch kind {
      case "tap": own = ["netns": .text, "offloads": .any]
      case "veth", "dummy": own = ["offloads": .any]
      case "vlan": own = ["parent": .text, "id": .number, "protocol": .text]
      case "bridge":
        own = [
          "ports": .texts, "vlan_filtering": .flag, "default_pvid": .number, "pvid": .object,
          "tagged": .object,
        ]
      case "pppoe": own = ["parent": .text, "session": .number, "remote": .text]
      case "ipip", "ip6tnl": own = ["local": .text, "remote": .text]
      default: return nil
      }
      let common: [String: Kind] = [
        "name": .text, "kind": .text, "mac": .text, "mtu": .number, "addresses": .texts, "hardware": .any,
        "conduit": .any,
      ]
      return Members(known: common.merging(own) { $1 })
    }

    /// - Throws: ``DescriptionError`` with the object's place and its first member that is unknown or of another kind.
    func check(_ object: JSONValue, _ place: String) throws(DescriptionError) {
      guard let members = object.members else { throw DescriptionError("\(place) is not an object") }
      for member in members {
        guard let kind = known[member.name] else {
          throw DescriptionError("\(place) has an unknown member, '\(member.name)'")
        }
        guard kind.holds(member.value) else {
          throw DescriptionError("'\(member.name)' of \(place) is not \(kind.rawValue)")
        }
      }
    }
  }

  /// Reads the description of a router and nothing else: an object without other members, nor any in what these hold.
  ///
  /// - Throws: ``DescriptionError``.
  package init(ofRouter document: JSONValue) throws(DescriptionError) {
    try Members.router.check(document, "the description")
    for (index, device) in try Self.list("devices", document).enumerated() {
      try Members.device(device["kind"]?.string ?? "")?.check(device, "devices[\(index)]")
    }
    for (index, route) in try Self.list("routes", document).enumerated() {
      try Members.route.check(route, "routes[\(index)]")
    }
    for (index, neighbour) in try Self.list("neighbours", document).enumerated() {
      try Members.neighbour.check(neighbour, "neighbours[\(index)]")
    }
    try self.init(document)
  }
}
