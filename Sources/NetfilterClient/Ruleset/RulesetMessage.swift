// SPDX-License-Identifier: GPL-3.0-or-later
internal import CNetfilter
private import Glibc
package import NetlinkWire

/// One message of an nf_tables transaction, built with libnftnl, and what it does in the user's words.
package struct RulesetMessage: Sendable, Equatable {
  /// `NFT_MSG_*`.
  package let kind: UInt8
  /// `NFPROTO_*` of its table.
  package let family: UInt8
  /// "create flowtable 'f' in inet x".
  package let operation: String
  /// The message; its sequence number is set when it is sent.
  package internal(set) var bytes: [UInt8]

  /// Octets of a name that any message takes; the kernel's own limit, which is lower, is for it to tell.
  package static let longestName = 4096
  /// Octets for one message: the largest, with a whole list of devices, stays below half of it.
  private static let capacity = 1 << 17

  /// Builds a message in memory of its own, which `body` must not leave.
  ///
  /// - Throws: ``RulesetRefusal`` when a text of `names` is too long to be sent.
  private init(
    _ kind: UInt8, _ family: UInt8, _ flags: NetlinkFlags, _ operation: String, names: [String],
    _ body: (UnsafeMutablePointer<nlmsghdr>) -> Void
  ) throws(RulesetRefusal) {
    self.kind = kind
    self.family = family
    self.operation = operation
    bytes = []
    guard names.allSatisfy({ $0.utf8.count <= Self.longestName }) else {
      throw RulesetRefusal(
        operation, ErrorNumber(rawValue: ENAMETOOLONG), hint: "a name has 255 octets at most")
    }
    // Safe: no message outgrows the buffer, whose size follows from the limits checked above and by the callers;
    // libnftnl writes the header at its start, and the length that is copied is the message's own.
    var memory = [UInt8](repeating: 0, count: Self.capacity)
    unsafe memory.withUnsafeMutableBytes { buffer in
      guard let base = buffer.baseAddress,
        let message = unsafe nftnl_nlmsg_build_hdr(base, UInt16(kind), UInt16(family), flags.rawValue, 0)
      else { return }
      unsafe body(message)
      bytes = unsafe Array(buffer.prefix(Int(message.pointee.nlmsg_len)))
    }
  }

  /// A place in the user's words: "inet x".
  static func place(_ family: UInt8, _ table: String) -> String {
    "\(NFTables.familyName(family)) \(table)"
  }

  // MARK: Tables and chains

  /// Creates a table, or does nothing to one that exists.
  package static func addTable(_ family: UInt8, _ name: String) throws(RulesetRefusal) -> RulesetMessage {
    try unsafe RulesetMessage(
      NFTables.Message.newTable, family, [],
      "create table '\(name)' of family \(NFTables.familyName(family))",
      names: [name]
    ) { message in
      guard let table = unsafe nftnl_table_alloc() else { return }
      defer { unsafe nftnl_table_free(table) }
      unsafe nftnl_table_set_str(table, UInt16(NFTNL_TABLE_NAME.rawValue), name)
      unsafe nftnl_table_set_u32(table, UInt16(NFTNL_TABLE_FLAGS.rawValue), 0)
      unsafe nftnl_table_nlmsg_build_payload(message, table)
    }
  }

  /// Deletes a table with all that is in it.
  package static func deleteTable(_ family: UInt8, _ name: String) throws(RulesetRefusal) -> RulesetMessage {
    try unsafe RulesetMessage(
      NFTables.Message.deleteTable, family, [],
      "delete table '\(name)' of family \(NFTables.familyName(family))",
      names: [name]
    ) { message in
      guard let table = unsafe nftnl_table_alloc() else { return }
      defer { unsafe nftnl_table_free(table) }
      unsafe nftnl_table_set_str(table, UInt16(NFTNL_TABLE_NAME.rawValue), name)
      unsafe nftnl_table_nlmsg_build_payload(message, table)
    }
  }

  /// Creates a chain of type filter, or changes the policy of one that exists.
  ///
  /// `base`: hook, priority and policy of a base chain.
  package static func addChain(
    _ family: UInt8, _ table: String, _ name: String, base: BaseChain?
  ) throws(RulesetRefusal) -> RulesetMessage {
    try unsafe RulesetMessage(
      NFTables.Message.newChain, family, [.create],
      "create chain '\(name)' in \(place(family, table))",
      names: [table, name]
    ) { message in
      guard let chain = unsafe nftnl_chain_alloc() else { return }
      defer { unsafe nftnl_chain_free(chain) }
      unsafe nftnl_chain_set_str(chain, UInt16(NFTNL_CHAIN_TABLE.rawValue), table)
      unsafe nftnl_chain_set_str(chain, UInt16(NFTNL_CHAIN_NAME.rawValue), name)
      if let base {
        unsafe nftnl_chain_set_str(chain, UInt16(NFTNL_CHAIN_TYPE.rawValue), base.type)
        unsafe nftnl_chain_set_u32(chain, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), base.hook)
        unsafe nftnl_chain_set_s32(chain, UInt16(NFTNL_CHAIN_PRIO.rawValue), base.priority)
        if let policy = base.policy {
          unsafe nftnl_chain_set_u32(chain, UInt16(NFTNL_CHAIN_POLICY.rawValue), policy)
        }
      }
      unsafe nftnl_chain_nlmsg_build_payload(message, chain)
    }
  }

  /// Deletes a chain with its rules.
  package static func deleteChain(
    _ family: UInt8, _ table: String, _ name: String
  ) throws(RulesetRefusal) -> RulesetMessage {
    try unsafe RulesetMessage(
      NFTables.Message.deleteChain, family, [],
      "delete chain '\(name)' in \(place(family, table))",
      names: [table, name]
    ) { message in
      guard let chain = unsafe nftnl_chain_alloc() else { return }
      defer { unsafe nftnl_chain_free(chain) }
      unsafe nftnl_chain_set_str(chain, UInt16(NFTNL_CHAIN_TABLE.rawValue), table)
      unsafe nftnl_chain_set_str(chain, UInt16(NFTNL_CHAIN_NAME.rawValue), name)
      unsafe nftnl_chain_nlmsg_build_payload(message, chain)
    }
  }

  // MARK: Flowtables

  /// Creates a flowtable, or adds devices to one that exists and sets its flags.
  ///
  /// `isExclusive`: refuse when it exists.
  package static func addFlowtable(
    _ description: FlowtableDescription, isExclusive: Bool
  ) throws(RulesetRefusal) -> RulesetMessage {
    try flowtable(
      NFTables.Message.newFlowtable,
      isExclusive ? [.create, .exclusive] : [.create],
      (isExclusive ? "create" : "change")
        + " flowtable '\(description.name)' in \(place(description.family, description.table))",
      description, hasHook: true)
  }

  /// Removes devices from a flowtable.
  package static func removeDevices(
    _ devices: [NFTables.Device], from description: FlowtableDescription
  ) throws(RulesetRefusal) -> RulesetMessage {
    var reduced = description
    reduced.devices = devices
    return try flowtable(
      NFTables.Message.deleteFlowtable, [],
      "remove devices from flowtable '\(description.name)' in \(place(description.family, description.table))",
      reduced,
      hasHook: false)
  }

  /// Deletes a flowtable.
  package static func deleteFlowtable(
    _ family: UInt8, _ table: String, _ name: String
  ) throws(RulesetRefusal) -> RulesetMessage {
    try flowtable(
      NFTables.Message.deleteFlowtable, [],
      "delete flowtable '\(name)' in \(place(family, table))",
      FlowtableDescription(family: family, table: table, name: name), hasHook: nil)
  }

  /// `hasHook`: hook, priority, devices and flags (true), devices alone (false), or nothing (nil).
  private static func flowtable(
    _ kind: UInt8, _ flags: NetlinkFlags, _ operation: String, _ description: FlowtableDescription,
    hasHook: Bool?
  ) throws(RulesetRefusal) -> RulesetMessage {
    let names = description.devices.map(\.text)
    guard names.count <= 1024, names.allSatisfy({ $0.utf8.count < 48 }) else {
      throw RulesetRefusal(
        operation, ErrorNumber(rawValue: names.count > 1024 ? EFBIG : E2BIG),
        hint: "a flowtable takes 255 devices at most, and a device's name has 15 octets at most")
    }
    let hasPrefix = description.devices.contains { if case .prefix = $0 { true } else { false } }
    return try unsafe RulesetMessage(
      kind, description.family, flags, operation, names: [description.table, description.name]
    ) {
      message in
      guard let flowtable = unsafe nftnl_flowtable_alloc() else { return }
      defer { unsafe nftnl_flowtable_free(flowtable) }
      unsafe nftnl_flowtable_set_str(flowtable, UInt16(NFTNL_FLOWTABLE_TABLE.rawValue), description.table)
      unsafe nftnl_flowtable_set_str(flowtable, UInt16(NFTNL_FLOWTABLE_NAME.rawValue), description.name)
      if hasHook == true {
        unsafe nftnl_flowtable_set_u32(flowtable, UInt16(NFTNL_FLOWTABLE_FLAGS.rawValue), description.flags)
      }
      // libnftnl before 1.3.0 knows no prefixes: their nest is then built here.
      if let hasHook, !hasPrefix {
        if hasHook {
          unsafe nftnl_flowtable_set_u32(flowtable, UInt16(NFTNL_FLOWTABLE_HOOKNUM.rawValue), 0)
          unsafe nftnl_flowtable_set_s32(
            flowtable, UInt16(NFTNL_FLOWTABLE_PRIO.rawValue), description.priority)
        }
        if !names.isEmpty { unsafe setDevices(names, of: flowtable) }
      }
      unsafe nftnl_flowtable_nlmsg_build_payload(message, flowtable)
      if let hasHook, hasPrefix { unsafe putHook(description, isWhole: hasHook, into: message) }
    }
  }

  private static func setDevices(_ names: [String], of flowtable: OpaquePointer) {
    var copies: [UnsafePointer<CChar>?] = unsafe names.map { unsafe UnsafePointer(strdup($0)) }
    unsafe copies.append(nil)
    // Safe: libnftnl copies the strings of the list, which ends with a null pointer.
    unsafe copies.withUnsafeMutableBufferPointer { list in
      _ = unsafe nftnl_flowtable_set_array(
        flowtable, UInt16(NFTNL_FLOWTABLE_DEVICES.rawValue), list.baseAddress)
    }
    for index in names.indices { unsafe free(UnsafeMutablePointer(mutating: copies[index])) }
  }

  private static func putHook(
    _ description: FlowtableDescription, isWhole: Bool, into message: UnsafeMutablePointer<nlmsghdr>
  ) {
    let hook = unsafe mnl_attr_nest_start(message, UInt16(NFTA_FLOWTABLE_HOOK.rawValue))
    if isWhole {
      unsafe mnl_attr_put_u32(message, UInt16(NFTA_FLOWTABLE_HOOK_NUM.rawValue), 0)
      unsafe mnl_attr_put_u32(
        message, UInt16(NFTA_FLOWTABLE_HOOK_PRIORITY.rawValue),
        UInt32(bitPattern: description.priority).bigEndian)
    }
    let list = unsafe mnl_attr_nest_start(message, UInt16(NFTA_FLOWTABLE_HOOK_DEVS.rawValue))
    for device in description.devices {
      switch device {
      case .name(let name): unsafe mnl_attr_put_strz(message, 1, name)
      // Without a final NUL: the kernel compares as many octets as it is given.
      case .prefix(let prefix): unsafe mnl_attr_put_str(message, 2, prefix)
      }
    }
    unsafe mnl_attr_nest_end(message, list)
    unsafe mnl_attr_nest_end(message, hook)
  }

  // MARK: Rules

  /// Where a rule goes.
  package enum RulePlace: Sendable, Equatable {
    case atEnd, atStart
    /// Behind, or in front of, the rule with this handle.
    case after(UInt64)
    case before(UInt64)
  }

  /// Adds a rule.
  ///
  /// `userData`: the rule's own octets (`NFTA_RULE_USERDATA`), 256 at most.
  package static func addRule(
    _ family: UInt8, _ table: String, _ chain: String, _ expressions: [NFTables.Expression],
    at ruleplace: RulePlace,
    userData: [UInt8], operation: String
  ) throws(RulesetRefusal) -> RulesetMessage {
    let flags: NetlinkFlags =
      switch ruleplace {
      case .atEnd, .after: [.create, .append]
      case .atStart, .before: [.create]
      }
    guard expressions.count <= 128 else {
      throw RulesetRefusal(
        operation, ErrorNumber(rawValue: EFBIG), hint: "a rule has 128 expressions at most")
    }
    return try unsafe RulesetMessage(
      NFTables.Message.newRule, family, flags, operation, names: [table, chain]
    ) { message in
      guard let rule = unsafe nftnl_rule_alloc() else { return }
      defer { unsafe nftnl_rule_free(rule) }
      unsafe nftnl_rule_set_str(rule, UInt16(NFTNL_RULE_TABLE.rawValue), table)
      unsafe nftnl_rule_set_str(rule, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
      switch ruleplace {
      case .after(let handle), .before(let handle):
        unsafe nftnl_rule_set_u64(rule, UInt16(NFTNL_RULE_POSITION.rawValue), handle)
      case .atEnd, .atStart: break
      }
      if !userData.isEmpty {
        // Safe: libnftnl copies the octets.
        unsafe userData.withUnsafeBytes {
          _ = unsafe nftnl_rule_set_data(
            rule, UInt16(NFTNL_RULE_USERDATA.rawValue), $0.baseAddress, UInt32($0.count))
        }
      }
      for expression in expressions {
        // Ownership moves to the rule.
        if let built = unsafe expression.build() { unsafe nftnl_rule_add_expr(rule, built) }
      }
      unsafe nftnl_rule_nlmsg_build_payload(message, rule)
    }
  }

  /// Deletes a rule by handle.
  package static func deleteRule(
    _ family: UInt8, _ table: String, _ chain: String, handle: UInt64
  ) throws(RulesetRefusal) -> RulesetMessage {
    try unsafe RulesetMessage(
      NFTables.Message.deleteRule, family, [],
      "delete rule \(handle) of chain '\(chain)' in \(place(family, table))", names: [table, chain]
    ) { message in
      guard let rule = unsafe nftnl_rule_alloc() else { return }
      defer { unsafe nftnl_rule_free(rule) }
      unsafe nftnl_rule_set_str(rule, UInt16(NFTNL_RULE_TABLE.rawValue), table)
      unsafe nftnl_rule_set_str(rule, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
      unsafe nftnl_rule_set_u64(rule, UInt16(NFTNL_RULE_HANDLE.rawValue), handle)
      unsafe nftnl_rule_nlmsg_build_payload(message, rule)
    }
  }

  // MARK: Anonymous sets

  /// Creates an anonymous set for a rule of the same transaction.
  package static func addSet(
    _ set: AnonymousSet, _ family: UInt8, _ table: String, operation: String
  ) throws(RulesetRefusal) -> RulesetMessage {
    try unsafe RulesetMessage(
      NFTables.Message.newSet, family, [.create], operation, names: [table]
    ) { message in
      guard let built = unsafe set.build(table: table) else { return }
      defer { unsafe nftnl_set_free(built) }
      unsafe nftnl_set_nlmsg_build_payload(message, built)
    }
  }

  /// Fills an anonymous set of the same transaction.
  package static func addElements(
    _ set: AnonymousSet, _ family: UInt8, _ table: String, operation: String
  ) throws(RulesetRefusal) -> RulesetMessage {
    guard set.elements.count <= 512 else {
      throw RulesetRefusal(operation, ErrorNumber(rawValue: EFBIG), hint: "a rule lists 256 values at most")
    }
    return try unsafe RulesetMessage(
      NFTables.Message.newElement, family, [.create], operation, names: [table]
    ) { message in
      guard let built = unsafe set.build(table: table) else { return }
      defer { unsafe nftnl_set_free(built) }
      for element in set.elements {
        guard let member = unsafe nftnl_set_elem_alloc() else { return }
        // Safe: libnftnl copies the octets.
        unsafe element.key.withUnsafeBytes {
          _ = unsafe nftnl_set_elem_set(member, UInt16(NFTNL_SET_ELEM_KEY), $0.baseAddress, UInt32($0.count))
        }
        if element.isIntervalEnd {
          unsafe nftnl_set_elem_set_u32(
            member, UInt16(NFTNL_SET_ELEM_FLAGS), NFTables.Element.Flag.intervalEnd)
        }
        unsafe nftnl_set_elem_add(built, member)
      }
      unsafe nftnl_set_elems_nlmsg_build_payload(message, built)
    }
  }
}
