// SPDX-License-Identifier: GPL-3.0-or-later
internal import NetlinkWire

// The lines of `conntrack -o save`: a command with options, a blank between.
extension FlowReader {
  func save(_ line: RawSpan) throws(RestoreError) -> FlowDraft {
    var words = SaveWords(line)
    var draft = FlowDraft()
    guard let command = words.next() else { throw RestoreError("an empty line") }
    guard ["-A", "-I", "--add", "--create"].contains(command) else {
      throw RestoreError(
        "\(SelectionError.quoted(command)) adds no flow: a line begins with -A or -I")
    }
    while let option = words.next() {
      guard let value = words.next() else {
        throw RestoreError("option \(SelectionError.quoted(option)) has no value")
      }
      try read(option, value, &draft)
    }
    return draft
  }

  private func read(_ option: String, _ value: String, _ draft: inout FlowDraft) throws(RestoreError) {
    switch option {
    case "-t", "--timeout":
      draft.entry.timeoutField = try number(option, value)
      draft.entry.present.insert(.timeout)
    case "-u", "--status": try readStatusWords(value, &draft.entry)
    case "-c", "--secmark":
      draft.entry.securityMarkField = try number(option, value)
      draft.entry.present.insert(.securityMark)
    case "-m", "--mark":
      draft.entry.markField = try number(option, value)
      draft.entry.present.insert(.mark)
    case "-w", "--zone": draft.zone = try number(option, value)
    case "--orig-zone": draft.originalZone = try number(option, value)
    case "--reply-zone": draft.replyZone = try number(option, value)
    case "-s", "--src", "--orig-src": draft.entry.original.source = try address(option, value)
    case "-d", "--dst", "--orig-dst": draft.entry.original.destination = try address(option, value)
    case "-r", "--reply-src": draft.replySource = try address(option, value)
    case "-q", "--reply-dst": draft.replyDestination = try address(option, value)
    case "-g", "--dst-nat":
      draft.replySource = try address(option, value)
      draft.entry.statusField = draft.entry.statusField.union(.destinationNAT)
      draft.entry.present.insert(.status)
    case "-n", "--src-nat":
      draft.replyDestination = try address(option, value)
      draft.entry.statusField = draft.entry.statusField.union(.sourceNAT)
      draft.entry.present.insert(.status)
    case "-p", "--proto", "--protonum":
      guard let layer4 = FlowValueParser.layer4(named: value) ?? UInt8(value) else {
        throw RestoreError("unknown protocol \(SelectionError.quoted(value))")
      }
      draft.layer4 = layer4
    default: try readLayer4(option, value, &draft)
    }
  }

  private func readLayer4(_ option: String, _ value: String, _ draft: inout FlowDraft) throws(RestoreError) {
    switch option {
    case "--sport", "--orig-port-src", "--srckey", "--orig-key-src":
      draft.sourcePort = try number(option, value)
    case "--dport", "--orig-port-dst", "--dstkey", "--orig-key-dst":
      draft.destinationPort = try number(option, value)
    case "--reply-port-src", "--reply-key-src": draft.replySourcePort = try number(option, value)
    case "--reply-port-dst", "--reply-key-dst": draft.replyDestinationPort = try number(option, value)
    case "--icmp-type", "--icmpv6-type": draft.icmpType = try number(option, value)
    case "--icmp-code", "--icmpv6-code": draft.icmpCode = try number(option, value)
    case "--icmp-id", "--icmpv6-id": draft.icmpID = try number(option, value)
    case "--state": draft.stateName = value == "LISTEN" ? "SYN_SENT2" : value
    // conntrack(8) reads and writes the tags as if they were in host byte order on the wire.
    case "--orig-vtag": draft.originalTag = (try number(option, value) as UInt32).bigEndian
    case "--reply-vtag": draft.replyTag = (try number(option, value) as UInt32).bigEndian
    case "--role":
      guard value == "client" || value == "server" else {
        throw RestoreError("--role: it is client or server, not \(SelectionError.quoted(value))")
      }
      draft.entry.dccpRoleField = value == "client" ? 0 : 1
      draft.entry.present.insert(.dccpRole)
    default:
      throw RestoreError("unknown option \(SelectionError.quoted(option))")
    }
  }

  private func readStatusWords(_ value: String, _ entry: inout ConntrackEntry) throws(RestoreError) {
    entry.present.insert(.status)
    for word in value.split(separator: ",", omittingEmptySubsequences: false) where word != "UNSET" {
      guard let known = ConntrackStatus.names.first(where: { $0.name == word }) else {
        throw RestoreError("unknown status \(SelectionError.quoted(word))")
      }
      entry.statusField = entry.statusField.union(known.bit)
    }
  }

  private func address(_ option: String, _ value: String) throws(RestoreError) -> IPAddress {
    guard let address = AddressReader.address(value) else {
      throw RestoreError("\(option): bad address \(SelectionError.quoted(value))")
    }
    return address
  }

  private func number<Number: FixedWidthInteger & UnsignedInteger>(
    _ option: String, _ value: String
  ) throws(RestoreError) -> Number {
    guard let number = FlowValueParser.cNumber(value).flatMap({ Number(exactly: $0) }) else {
      throw RestoreError(
        "\(option): it is a number from 0 to \(Number.max), not \(SelectionError.quoted(value))")
    }
    return number
  }
}

/// The words of a line; blanks stand between them.
struct SaveWords: ~Escapable {
  private let line: RawSpan
  private var position = 0

  @_lifetime(copy line)
  init(_ line: RawSpan) { self.line = line }

  private static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 || octet == 0x0d }

  /// The next word; nil at the end.
  mutating func next() -> String? {
    while position < line.byteCount, Self.isBlank(line.uint8(at: position)) { position += 1 }
    let start = position
    while position < line.byteCount, !Self.isBlank(line.uint8(at: position)) { position += 1 }
    guard position > start else { return nil }
    let word = line.slice(start, position - start)
    // Safe: the octets are only read, and copied.
    return unsafe word.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
