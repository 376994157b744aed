// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Status bits that an entry must and must not have.
package struct StatusSelection: Equatable, Sendable {
  package var required: ConntrackStatus = []
  package var forbidden: ConntrackStatus = []

  package init(required: ConntrackStatus = [], forbidden: ConntrackStatus = []) {
    self.required = required
    self.forbidden = forbidden
  }

  /// The selection as a predicate: all required bits, none of the forbidden ones.
  package var predicate: FlowPredicate {
    var parts: [FlowPredicate] = required.isEmpty ? [] : [.test(.status(required))]
    for (_, bit) in ConntrackStatus.names where forbidden.contains(bit) {
      parts.append(.not(.test(.status(bit))))
    }
    return parts.count == 1 ? parts[0] : .all(parts)
  }
}

// States, status words, durations and sizes.
extension FlowValueParser {
  /// Every name of a state, each once, as conntrack(8) prints them.
  package static let stateNames: [String] = {
    var result: [String] = []
    for name in ConnectionState.tcp + ConnectionState.sctp + ConnectionState.dccp
    where !result.contains("\(name)") {
      result.append("\(name)")
    }
    return result
  }()

  /// The name of a TCP, SCTP or DCCP state as conntrack(8) prints it.
  ///
  /// Letter case does not matter, a hyphen is as good as an underscore, and LISTEN is SYN_SENT2.
  /// - Throws: ``SelectionError`` for a word that is none.
  package func state(_ text: String) throws(SelectionError) -> String {
    let name = Self.canonical(text)
    if name == "LISTEN" { return "SYN_SENT2" }
    if Self.stateNames.contains(name) { return name }
    let near = SelectionError.suggestion(for: name, among: Self.stateNames)
    throw SelectionError(
      "unknown state \(SelectionError.quoted(text)): "
        + (near.isEmpty ? Self.stateNames.joined(separator: ", ") : String(near.dropFirst(2))))
  }

  /// States in a list that is separated by commas, in the order given.
  ///
  /// - Throws: ``SelectionError`` for a word that is none.
  package func states(_ text: String) throws(SelectionError) -> [String] {
    var result: [String] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      result.append(try state(String(part)))
    }
    return result
  }

  /// What stands for status bits beside their own names.
  private static let statusAliases: [(name: String, selection: StatusSelection)] = [
    ("UNREPLIED", StatusSelection(forbidden: .seenReply)), ("REPLIED", StatusSelection(required: .seenReply)),
    ("SNAT", StatusSelection(required: .sourceNAT)), ("DNAT", StatusSelection(required: .destinationNAT)),
  ]

  /// Every word for a status bit.
  package static let statusWords: [String] = ConntrackStatus.names.map(\.name) + statusAliases.map(\.name)

  /// The bits that one word stands for; nil where it is none.
  ///
  /// With `allowsPrefix`, the beginning of a word will do where only one word begins so.
  package static func status(word text: String, allowsPrefix: Bool = false) -> StatusSelection? {
    let name = canonical(text)
    let all =
      ConntrackStatus.names.map { (name: $0.name, selection: StatusSelection(required: $0.bit)) }
      + statusAliases
    if let exact = all.first(where: { $0.name == name }) { return exact.selection }
    guard allowsPrefix, name.count >= 3 else { return nil }
    let beginning = all.filter { $0.name.hasPrefix(name) }
    return beginning.count == 1 ? beginning[0].selection : nil
  }

  /// Status words in a list that is separated by commas; `!` before a word means its opposite.
  ///
  /// - Throws: ``SelectionError`` for a word that is none, and for one that is wanted and ruled out at once.
  package func status(_ text: String) throws(SelectionError) -> StatusSelection {
    var result = StatusSelection()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let isNegated = part.hasPrefix("!")
      let word = String(isNegated ? part.dropFirst() : part)
      guard let bits = Self.status(word: word, allowsPrefix: true) else {
        let near = SelectionError.suggestion(for: Self.canonical(word), among: Self.statusWords)
        throw SelectionError(
          "unknown status \(SelectionError.quoted(word)): "
            + (near.isEmpty ? Self.statusWords.joined(separator: ", ") : String(near.dropFirst(2))))
      }
      result.required.formUnion(isNegated ? bits.forbidden : bits.required)
      result.forbidden.formUnion(isNegated ? bits.required : bits.forbidden)
    }
    for (name, bit) in ConntrackStatus.names
    where result.required.contains(bit) && result.forbidden.contains(bit) {
      throw SelectionError("bad status \(SelectionError.quoted(text)): \(name) is both wanted and ruled out")
    }
    return result
  }

  /// How a flow is forwarded: `any`, `software`, `hardware` or `none`.
  ///
  /// - Throws: ``SelectionError`` for any other word.
  package func offload(_ text: String) throws(SelectionError) -> FlowTest.Tag {
    guard let tag = FlowTest.Tag(rawValue: text.lowercased()) else {
      throw SelectionError(
        "unknown offload \(SelectionError.quoted(text)): it is any, software, hardware or none")
    }
    return tag
  }

  /// A span of time in whole seconds: `90`, `90s`, `5m`, `2h`, `1d`, `1w`, `1h30m`.
  ///
  /// - Throws: ``SelectionError`` for other text and for more seconds than 64 bits hold.
  package func duration(_ text: String) throws(SelectionError) -> UInt64 {
    let error = SelectionError(
      "bad duration \(SelectionError.quoted(text)): it is seconds, or numbers with s, m, h, d, w such as 1h30m"
    )
    if let seconds = Self.decimal(text) { return seconds }
    var total: UInt64 = 0
    var number: UInt64? = nil
    for octet in text.utf8 {
      if Self.isDigit(octet) {
        let (tens, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
        let (sum, carry) = tens.addingReportingOverflow(UInt64(octet - UInt8(ascii: "0")))
        guard !overflow, !carry else { throw error }
        number = sum
        continue
      }
      guard let count = number, let unit = Self.seconds(of: octet) else { throw error }
      let (product, overflow) = count.multipliedReportingOverflow(by: unit)
      let (sum, carry) = total.addingReportingOverflow(product)
      guard !overflow, !carry else { throw error }
      total = sum
      number = nil
    }
    guard !text.isEmpty, number == nil else { throw error }
    return total
  }

  private static func seconds(of unit: UInt8) -> UInt64? {
    switch unit {
    case UInt8(ascii: "s"): 1
    case UInt8(ascii: "m"): 60
    case UInt8(ascii: "h"): 3600
    case UInt8(ascii: "d"): 86_400
    case UInt8(ascii: "w"): 604_800
    default: nil
    }
  }

  /// A count: digits, then k, M, G or T (powers of 1000) or Ki, Mi, Gi, Ti (powers of 1024).
  ///
  /// `noun` is what is counted, for the error.
  /// - Throws: ``SelectionError`` for other text and for more than 64 bits hold.
  package func size(_ text: String, of noun: String = "size") throws(SelectionError) -> UInt64 {
    let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
    if let number = Self.decimal(digits), let factor = Self.factor(text.dropFirst(digits.count)) {
      let (product, overflow) = number.multipliedReportingOverflow(by: factor)
      if !overflow { return product }
    }
    throw SelectionError(
      "bad \(noun) \(SelectionError.quoted(text)): it is a number, with k, M, G, T (1000) or Ki, Mi, Gi, Ti (1024)"
    )
  }

  private static func factor(_ suffix: Substring) -> UInt64? {
    switch suffix {
    case "": 1
    case "k", "K": 1000
    case "M": 1_000_000
    case "G": 1_000_000_000
    case "T": 1_000_000_000_000
    case "ki", "Ki": 1 << 10
    case "Mi": 1 << 20
    case "Gi": 1 << 30
    case "Ti": 1 << 40
    default: nil
    }
  }

  /// A value of a quantity in its unit: sizes for octets and packets, durations for times, else a number.
  ///
  /// - Throws: ``SelectionError`` for other text and for a value that the quantity never has.
  package func value(_ text: String, of quantity: FlowTest.Quantity) throws(SelectionError) -> UInt64 {
    let value: UInt64
    switch quantity {
    case .bytes, .packets: value = try size(text, of: "number of \(quantity.rawValue)")
    case .age, .timeout: value = try duration(text)
    case .id, .use, .icmpType, .icmpCode, .icmpID:
      guard let number = Self.cNumber(text) else {
        throw SelectionError(
          "bad \(quantity.rawValue) \(SelectionError.quoted(text)): it is a number, 0 to \(quantity.maximum)")
      }
      value = number
    }
    guard value <= quantity.maximum else {
      throw SelectionError(
        "bad \(quantity.rawValue) \(SelectionError.quoted(text)): \(quantity.maximum) is the highest")
    }
    return value
  }

  /// The values of `V` or `V-V`.
  ///
  /// - Throws: ``SelectionError`` as ``value(_:of:)`` and for a range that ends before it begins.
  package func values(_ text: String, of quantity: FlowTest.Quantity) throws(SelectionError) -> ClosedRange<
    UInt64
  > {
    guard let dash = text.firstIndex(of: "-") else {
      let value = try value(text, of: quantity)
      return value...value
    }
    let first = try value(String(text[..<dash]), of: quantity)
    let last = try value(String(text[text.index(after: dash)...]), of: quantity)
    guard first <= last else {
      throw SelectionError(
        "bad range \(SelectionError.quoted(text)) of \(quantity.rawValue): the first value is higher than the last"
      )
    }
    return first...last
  }

  /// Upper case, with underscores for hyphens.
  static func canonical(_ text: String) -> String {
    String(text.uppercased().map { $0 == "-" ? "_" : $0 })
  }
}

extension FlowTest.Quantity {
  /// The highest value that the kernel can report.
  package var maximum: UInt64 {
    switch self {
    case .bytes, .packets, .age: .max
    case .timeout, .id, .use: UInt64(UInt32.max)
    case .icmpType, .icmpCode: UInt64(UInt8.max)
    case .icmpID: UInt64(UInt16.max)
    }
  }
}
