// SPDX-License-Identifier: GPL-3.0-or-later

/// The commands of conntrack(8).
enum DropInCommand: Int, CaseIterable, Sendable {
  case list, create, add, update, delete, get, flush, event, count, statistics, version, help

  var letter: Character {
    switch self {
    case .list: "L"
    case .create: "I"
    case .add: "A"
    case .update: "U"
    case .delete: "D"
    case .get: "G"
    case .flush: "F"
    case .event: "E"
    case .count: "C"
    case .statistics: "S"
    case .version: "V"
    case .help: "h"
    }
  }

  /// The long option's name.
  var name: String {
    switch self {
    case .list: "dump"
    case .create: "create"
    case .add: "add"
    case .update: "update"
    case .delete: "delete"
    case .get: "get"
    case .flush: "flush"
    case .event: "event"
    case .count: "counter"
    case .statistics: "stats"
    case .version: "version"
    case .help: "help"
    }
  }

  /// Whether a table may be attached to the option (`-Lexpect`); it may stand behind any of them.
  var takesAttachedTable: Bool { self != .statistics && self != .version && self != .help }

  /// Whether the command works on the expectation table, too.
  var isForExpectations: Bool { self != .update && self != .add }

  /// Whether a file of `--load-file` may hold it.
  var isForLoading: Bool {
    switch self {
    case .create, .add, .update, .delete, .flush: true
    case .list, .get, .event, .count, .statistics, .version, .help: false
    }
  }

  /// What a footer calls the deed.
  var participle: String {
    switch self {
    case .create: "created"
    case .add: "added"
    case .update: "updated"
    case .delete: "deleted"
    case .list, .get, .flush, .event, .count, .statistics, .version, .help: "shown"
    }
  }
}

/// The tables of conntrack(8).
enum DropInTable: String, CaseIterable, Sendable {
  case conntrack, expect, dying, unconfirmed

  /// - Parameter word: a name or its beginning; an empty one begins them all and means none of them.
  /// - Throws: ``DropInFailure`` for a word that no table begins with.
  init(abbreviation word: String) throws(DropInFailure) {
    guard let table = Self.allCases.first(where: { !word.isEmpty && $0.rawValue.hasPrefix(word) }) else {
      throw .usage("unknown type `\(word)'")
    }
    self = table
  }
}

/// The options of conntrack(8) that select, set or print, in the order in which their presence is checked.
enum DropInOption: Int, CaseIterable, Sendable {
  case source, destination, replySource, replyDestination, layer4, timeout, status, zero, eventMask
  case tupleSource, tupleDestination, maskSource, maskDestination, natRange, mark, id, family, sourceNAT
  case destinationNAT, output, securityMark, bufferSize, anyNAT, zone, label, labelAdd, labelDelete
  case originalZone, replyZone

  /// The long name, as messages write it.
  var name: String {
    switch self {
    case .source: "src"
    case .destination: "dst"
    case .replySource: "reply-src"
    case .replyDestination: "reply-dst"
    case .layer4: "protonum"
    case .timeout: "timeout"
    case .status: "status"
    case .zero: "zero"
    case .eventMask: "event-mask"
    case .tupleSource: "tuple-src"
    case .tupleDestination: "tuple-dst"
    case .maskSource: "mask-src"
    case .maskDestination: "mask-dst"
    case .natRange: "nat-range"
    case .mark: "mark"
    case .id: "id"
    case .family: "family"
    case .sourceNAT: "src-nat"
    case .output: "output"
    case .securityMark: "secmark"
    case .bufferSize: "buffer-size"
    case .anyNAT: "any-nat"
    case .destinationNAT: "dst-nat"
    case .zone: "zone"
    case .label: "label"
    case .labelAdd: "label-add"
    case .labelDelete: "label-del"
    case .originalZone: "orig-zone"
    case .replyZone: "reply-zone"
    }
  }

  /// The short name, where there is one.
  var letter: Character? {
    switch self {
    case .source: "s"
    case .destination: "d"
    case .replySource: "r"
    case .replyDestination: "q"
    case .layer4: "p"
    case .timeout: "t"
    case .status: "u"
    case .zero: "z"
    case .eventMask: "e"
    case .natRange: "a"
    case .mark: "m"
    case .id: "i"
    case .family: "f"
    case .sourceNAT: "n"
    case .output: "o"
    case .securityMark: "c"
    case .bufferSize: "b"
    case .anyNAT: "j"
    case .destinationNAT: "g"
    case .zone: "w"
    case .label: "l"
    case .tupleSource, .tupleDestination, .maskSource, .maskDestination, .labelAdd, .labelDelete,
      .originalZone,
      .replyZone:
      nil
    }
  }

  /// What follows the option.
  var argument: OptionForm.Argument {
    switch self {
    case .zero: .none
    case .sourceNAT, .destinationNAT, .anyNAT, .labelDelete: .optional
    default: .required
    }
  }
}

/// A set of options.
struct DropInOptionSet: Hashable, Sendable {
  private var bits: UInt64 = 0

  init(_ members: DropInOption...) {
    for member in members { insert(member) }
  }

  mutating func insert(_ member: DropInOption) { bits |= 1 << UInt64(member.rawValue) }
  func contains(_ member: DropInOption) -> Bool { bits >> UInt64(member.rawValue) & 1 == 1 }
  func isDisjoint(with other: DropInOptionSet) -> Bool { bits & other.bits == 0 }
}
