// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

extension FlowTest {
  /// The test in the words of a selection, as errors tell it.
  package var words: String {
    switch self {
    case .family(let family): family.words
    case .layer4(let number): FlowValueParser.layer4Words(number)
    case .address(let field, let range): "\(field.rawValue) \(range.words)"
    case .port(let field, let range): "\(field.rawValue) \(range.span)"
    case .mark(let value, let mask):
      "mark \(Self.hexadecimal(value))" + (mask == .max ? "" : "/\(Self.hexadecimal(mask))")
    case .labels(let labels):
      "label \((0..<128).filter { labels[$0] }.map(String.init).joined(separator: ","))"
    case .zone(let field, let range): "\(field.rawValue) \(range.span)"
    case .state(let name): "state \(name)"
    case .status(let bits): "status \(bits.words)"
    case .translation(let kind): kind.rawValue
    case .translated(let kind, let address, let port):
      "\(kind.rawValue) \(address?.words ?? "")\(port.map { ":\($0.span)" } ?? "")"
    case .offload(let tag): "offload \(tag.rawValue)"
    case .quantity(let quantity, let range): Self.words(quantity, range)
    case .helper(let name): "helper \(name)"
    case .carried(.device(let name)): "device \(name)"
    case .carried(.flowtable(let family, let table, let name)):
      "flowtable \([family, table, name].compactMap { $0 }.joined(separator: " "))"
    }
  }

  private static func words(_ quantity: Quantity, _ range: ClosedRange<UInt64>) -> String {
    if range.lowerBound != range.upperBound {
      if range.upperBound >= quantity.maximum { return "\(quantity.rawValue) >= \(range.lowerBound)" }
      if range.lowerBound == 0 { return "\(quantity.rawValue) <= \(range.upperBound)" }
    }
    return "\(quantity.rawValue) \(range.span)"
  }

  private static func hexadecimal(_ number: UInt32) -> String { "0x" + String(number, radix: 16) }
}

extension FlowValueParser {
  /// A protocol where it stands alone.
  fileprivate static func layer4Words(_ number: UInt8) -> String {
    Layer4Protocol.names.contains { $0.number == number } ? name(ofLayer4: number) : "proto \(number)"
  }
}

extension AddressFamily {
  /// `ipv4`, `ipv6`, or the number of another family.
  package var words: String { self == .ipv4 ? "ipv4" : self == .ipv6 ? "ipv6" : "family \(rawValue)" }
}

extension ConntrackStatus {
  /// The names of the bits, separated by commas.
  package var words: String {
    let names = Self.names.filter { contains($0.bit) }.map(\.name)
    return names.isEmpty ? String(rawValue) : names.joined(separator: ",")
  }
}

extension ClosedRange where Bound: FixedWidthInteger {
  /// `N` or `N-M`.
  fileprivate var span: String { lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound)-\(upperBound)" }
}

extension ClosedRange<IPAddress> {
  /// `ADDR`, `ADDR/LEN` or `ADDR-ADDR`.
  package var words: String {
    let first = SystemNames.text(of: lowerBound)
    if lowerBound == upperBound { return first }
    let length = (0...lowerBound.family.addressBits).first { lowerBound.network($0) == self }
    return length.map { "\(first)/\($0)" } ?? "\(first)-\(SystemNames.text(of: upperBound))"
  }
}
