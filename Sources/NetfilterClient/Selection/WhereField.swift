// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire

/// What stands left of an operator in a `--where` expression.
enum WhereField: Sendable {
  case address([FlowTest.AddressField])
  case port([FlowTest.PortField])
  case layer4, family, mark, label, state, status, helper, offload, flowtable, device
  case zone(FlowTest.ZoneField)
  case quantity(FlowTest.Quantity)
  case translation(FlowTest.Translation)

  /// Every field by its name.
  static let byName: [String: WhereField] = {
    var result: [String: WhereField] = [
      "addr": .address([.source, .destination]), "port": .port([.source, .destination]),
      "proto": .layer4, "protocol": .layer4, "family": .family, "mark": .mark, "label": .label,
      "state": .state,
      "status": .status, "helper": .helper, "offload": .offload, "flowtable": .flowtable, "device": .device,
    ]
    for field in FlowTest.AddressField.allCases { result[field.rawValue] = .address([field]) }
    for field in FlowTest.PortField.allCases { result[field.rawValue] = .port([field]) }
    for field in FlowTest.ZoneField.allCases { result[field.rawValue] = .zone(field) }
    for quantity in FlowTest.Quantity.allCases { result[quantity.rawValue] = .quantity(quantity) }
    for kind in FlowTest.Translation.allCases { result[kind.rawValue] = .translation(kind) }
    return result
  }()

  /// Words that are whole conditions, apart from protocols.
  static let conditions: [String: FlowPredicate] = {
    var result: [String: FlowPredicate] = [
      "ipv4": .test(.family(.ipv4)), "ipv6": .test(.family(.ipv6)),
      "offload": .test(.offload(.any)), "software": .test(.offload(.software)),
      "hardware": .test(.offload(.hardware)), "hw-offload": .test(.offload(.hardware)),
      "snat": .test(.translation(.source)), "dnat": .test(.translation(.destination)),
      "nat": .test(.translation(.any)),
    ]
    // 'helper' and 'offload' are fields first; the bit of the former is 'status = helper'.
    for word in FlowValueParser.statusWords {
      let name = normalized(word)
      guard result[name] == nil, name != "helper" else { continue }
      result[name] = FlowValueParser.status(word: word)?.predicate
    }
    return result
  }()

  /// Lower case, with hyphens for underscores.
  static func normalized(_ word: String) -> String { String(word.lowercased().map { $0 == "_" ? "-" : $0 }) }

  /// What a value of the field looks like, for an error.
  var value: String {
    switch self {
    case .address: "an address, a network such as 10.0.0.0/8, or a range FIRST-LAST"
    case .port: "a port, a service or a range FIRST-LAST"
    case .layer4: "a protocol"
    case .family: "ipv4 or ipv6"
    case .mark: "a mark, VALUE or VALUE/MASK"
    case .label: "a label"
    case .state: "a state such as ESTABLISHED"
    case .status: "a status such as ASSURED"
    case .helper: "the name of a helper"
    case .offload: "any, software, hardware or none"
    case .flowtable: "a flowtable, NAME or FAMILY/TABLE/NAME"
    case .device: "a device"
    case .zone: "a zone, 0 to 65535"
    case .quantity(.bytes), .quantity(.packets): "a number such as 10k, or a range FIRST-LAST"
    case .quantity(.age), .quantity(.timeout): "a duration such as 90s or 1h30m"
    case .quantity: "a number or a range FIRST-LAST"
    case .translation: "an address, ADDR:PORT or :PORT"
    }
  }

  /// Whether `<`, `<=`, `>` and `>=` make sense.
  var isOrdered: Bool {
    switch self {
    case .port, .mark, .zone, .quantity: true
    default: false
    }
  }
}
