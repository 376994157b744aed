// SPDX-License-Identifier: GPL-3.0-or-later

internal import FlowEngine
internal import JSONDocument
private import PacketWire

/// `{"request": "trace", …}`: what happens to each packet from now on, until the client closes its connection.
///
/// Members narrow down which packets: `family` (`ipv4`, `ipv6`), `protocols` (numbers), `addresses` (`field`, `lower`,
/// `upper`), `ports` (`field`, `lower`, `upper`), `device` (by which frames come). `mismatches`: rules that did not match
/// are told, too. Each text is a record, as ``TraceDocument`` makes it, or `{"lost": N}` when records were lost.
final class TraceService: HostService {
  let name = "trace"

  func answer(_ request: JSONValue, from client: UInt32, _ engine: Engine) throws -> HostAnswer {
    var filter = TraceFilter()
    switch request["family"]?.string {
    case nil: break
    case "ipv4": filter.family = .ipv4
    case "ipv6": filter.family = .ipv6
    case .some: throw HostRequestError("'family' is neither ipv4 nor ipv6")
    }
    for number in request["protocols"]?.array ?? [] {
      guard let number = number.integer(as: UInt8.self) else {
        throw HostRequestError("'protocols' are not numbers up to 255")
      }
      filter.protocols.append(number)
    }
    for item in request["addresses"]?.array ?? [] {
      guard let field = Self.field(item),
        let lower = item["lower"]?.string.flatMap({ AddressReader.address($0) }),
        let upper = item["upper"]?.string.flatMap({ AddressReader.address($0) }), lower.1 == upper.1
      else { throw HostRequestError("'addresses' are not ranges of a field") }
      filter.addresses.append(TraceFilter.Addresses(field, lower.1, lower.0, upper.0))
    }
    for item in request["ports"]?.array ?? [] {
      guard let field = Self.field(item), let lower = item["lower"]?.integer(as: UInt16.self),
        let upper = item["upper"]?.integer(as: UInt16.self), lower <= upper
      else { throw HostRequestError("'ports' are not ranges of a field") }
      filter.ports.append(TraceFilter.Ports(field, lower...upper))
    }
    if let device = request["device"]?.string {
      guard let found = engine.router.device(named: device) else {
        throw HostRequestError("no device \(device)")
      }
      filter.device = found.index
    }
    filter.recordsMismatches = request["mismatches"]?.bool ?? false
    engine.router.tracing.setFilter(filter, for: client)
    return HostAnswer("", goesOn: true)
  }

  private static func field(_ item: JSONValue) -> TraceFilter.Field? {
    item["field"]?.string.flatMap { TraceFilter.Field(rawValue: $0) }
  }

  func more(for client: UInt32, _ engine: Engine) -> [String] {
    let (records, lost) = engine.router.tracing.take(for: client)
    let document = TraceDocument(engine.router)
    var texts = records.map { document.json($0).description }
    if lost > 0 { texts.append(JSONValue.object([("lost", .number(lost))]).description) }
    return texts
  }

  func clientClosed(_ client: UInt32, _ engine: Engine) { engine.router.tracing.setFilter(nil, for: client) }
}
