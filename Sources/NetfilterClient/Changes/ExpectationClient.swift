// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

/// Requests of nfnetlink's expectation subsystem, built with libmnl.
package enum ExpectationRequest {
  /// Asks for all expectations.
  package static func dump(_ family: AddressFamily, sequence: UInt32) -> [UInt8] {
    builder(ExpectationMessage.get, .dump, family, sequence).bytes
  }

  /// Asks for the counters of every CPU.
  package static func statisticsPerCPU(sequence: UInt32) -> [UInt8] {
    builder(ExpectationMessage.getStatisticsPerCPU, .dump, .unspecified, sequence).bytes
  }

  /// Asks for one expectation by its tuple.
  package static func get(_ key: ExpectationKey, sequence: UInt32) -> [UInt8] {
    var request = builder(ExpectationMessage.get, .acknowledge, key.tuple.family, sequence)
    put(key, into: &request)
    return request.bytes
  }

  /// Creates an expectation. The kernel takes its timeout from the master's helper.
  package static func create(
    _ expectation: ConntrackExpectation, isExclusive: Bool, sequence: UInt32
  ) -> [UInt8] {
    let flags: NetlinkFlags = isExclusive ? [.acknowledge, .create, .exclusive] : [.acknowledge, .create]
    var request = builder(ExpectationMessage.new, flags, expectation.tuple.family, sequence)
    ConntrackRequest.put(expectation.master, ExpectationAttribute.master, into: &request)
    ConntrackRequest.put(expectation.tuple, ExpectationAttribute.tuple, into: &request)
    ConntrackRequest.put(expectation.mask, ExpectationAttribute.mask, into: &request)
    if let timeout = expectation.timeout { request.put(ExpectationAttribute.timeout, timeout) }
    if let helper = expectation.helper { request.put(ExpectationAttribute.helper, text: helper) }
    if let zone = expectation.zone { request.put(ExpectationAttribute.zone, zone) }
    if let flags = expectation.flags { request.put(ExpectationAttribute.flags, flags.rawValue) }
    if let number = expectation.class { request.put(ExpectationAttribute.class, number) }
    if let direction = expectation.natDirection, let tuple = expectation.natTuple {
      request.nest(ExpectationAttribute.nat) { request in
        request.put(ExpectationAttribute.natDirection, direction)
        ConntrackRequest.put(tuple, ExpectationAttribute.natTuple, into: &request)
      }
    }
    if let function = expectation.function { request.put(ExpectationAttribute.function, text: function) }
    return request.bytes
  }

  /// Deletes one expectation by its tuple, and its id where one is given.
  package static func delete(_ key: ExpectationKey, sequence: UInt32) -> [UInt8] {
    var request = builder(ExpectationMessage.delete, .acknowledge, key.tuple.family, sequence)
    put(key, into: &request)
    return request.bytes
  }

  /// Deletes all expectations, or those of a helper.
  package static func flush(helper: String?, sequence: UInt32) -> [UInt8] {
    var request = builder(ExpectationMessage.delete, .acknowledge, .unspecified, sequence)
    if let helper { request.put(ExpectationAttribute.helper, text: helper) }
    return request.bytes
  }

  private static func builder(
    _ message: UInt8, _ flags: NetlinkFlags, _ family: AddressFamily, _ sequence: UInt32
  ) -> RequestBuilder {
    RequestBuilder(
      type: ExpectationMessage.type(message), flags: flags, sequence: sequence,
      netfilter: NetfilterHeader(family: family.rawValue))
  }

  private static func put(_ key: ExpectationKey, into request: inout RequestBuilder) {
    ConntrackRequest.put(key.tuple, ExpectationAttribute.tuple, into: &request)
    if let zone = key.zone { request.put(ExpectationAttribute.zone, zone) }
    if let id = key.id { request.put(ExpectationAttribute.id, id) }
  }
}

/// What one expectation is addressed by.
package struct ExpectationKey: Hashable, Sendable {
  package var tuple: ConntrackTuple
  /// nil is zone 0.
  package var zone: UInt16?
  package var id: UInt32?

  package init(tuple: ConntrackTuple, zone: UInt16? = nil, id: UInt32? = nil) {
    self.tuple = tuple
    self.zone = zone
    self.id = id
  }

  /// All that tells this expectation from others.
  package init(_ expectation: ConntrackExpectation) {
    self.init(tuple: expectation.tuple, zone: expectation.zone, id: expectation.id)
  }
}

extension NetlinkSession {
  /// Reads all expectations.
  ///
  /// - Parameters:
  ///   - family: of the expected flows; unspecified is all.
  ///   - body: reads one; returns false when it wants no more, after which the session is used up.
  /// - Throws: ``NetlinkError``; what `body` throws.
  package func dumpExpectations(
    _ family: AddressFamily = .unspecified, _ body: (ConntrackExpectation) throws -> Bool
  ) throws {
    let request = ExpectationRequest.dump(family, sequence: nextSequence())
    _ = try dump("list expectations", request) { type, payload in
      guard type == ExpectationMessage.type(ExpectationMessage.new) else { return true }
      return try body(ConntrackExpectation(payload))
    }
  }

  /// Looks one expectation up.
  ///
  /// - Returns: nil when there is none.
  /// - Throws: ``NetlinkError``.
  package func expectation(_ key: ExpectationKey) throws -> ConntrackExpectation? {
    var found: ConntrackExpectation?
    do {
      let request = ExpectationRequest.get(key, sequence: nextSequence())
      try transact("look up an expectation", request) { type, payload in
        guard type == ExpectationMessage.type(ExpectationMessage.new) else { return }
        found = try ConntrackExpectation(payload)
      }
    } catch let error as NetlinkError where error.number == .noSuchEntry {
      return nil
    }
    return found
  }

  /// Creates an expectation.
  /// - Throws: ``NetlinkError``: ENOENT for a missing master, EOPNOTSUPP for one without helper, EEXIST, EBUSY for
  ///   one that overlaps, EMFILE for too many.
  package func createExpectation(_ expectation: ConntrackExpectation, isExclusive: Bool = true) throws {
    try transact(
      "create an expectation",
      ExpectationRequest.create(expectation, isExclusive: isExclusive, sequence: nextSequence()))
  }

  /// Deletes one expectation.
  ///
  /// - Returns: false when there is none.
  /// - Throws: ``NetlinkError``.
  package func deleteExpectation(_ key: ExpectationKey) throws -> Bool {
    do {
      try transact("delete an expectation", ExpectationRequest.delete(key, sequence: nextSequence()))
    } catch let error as NetlinkError where error.number == .noSuchEntry {
      return false
    }
    return true
  }

  /// Deletes all expectations, or those of a helper.
  /// - Throws: ``NetlinkError``.
  package func flushExpectations(helper: String? = nil) throws {
    let request = ExpectationRequest.flush(helper: helper, sequence: nextSequence())
    try transact("flush the expectation table", request)
  }

  /// Reads the expectation counters of each CPU: attribute 1 is new, 2 create, 3 delete.
  /// - Throws: ``NetlinkError``.
  package func expectationStatistics() throws -> [ConntrackStatistics] {
    try statistics(ExpectationRequest.statisticsPerCPU(sequence: nextSequence()))
  }
}
