// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

// One change at a time; a ``RequestQueue`` makes many.
extension NetlinkSession {
  /// Creates an entry.
  /// - Throws: ``NetlinkError``: EEXIST, ENOMEM for a full table, EOPNOTSUPP for an unknown helper.
  package func createConntrack(_ creation: ConntrackCreation) throws {
    var request = RequestBuilder()
    ConntrackRequest.create(creation, flags: .acknowledge, sequence: nextSequence(), into: &request)
    try transact("create a conntrack entry", request.bytes)
  }

  /// Changes an entry.
  /// - Throws: ``NetlinkError``: ENOENT, EBUSY for a status bit or a helper that cannot be, EPERM for a fixed timeout.
  package func updateConntrack(_ key: ConntrackKey, _ update: ConntrackUpdate) throws {
    var request = RequestBuilder()
    ConntrackRequest.update(key, update, flags: .acknowledge, sequence: nextSequence(), into: &request)
    try transact("update a conntrack entry", request.bytes)
  }

  /// Deletes an entry.
  ///
  /// - Returns: false when there is none, or none with the key's id any more.
  /// - Throws: ``NetlinkError``.
  package func deleteConntrack(_ key: ConntrackKey) throws -> Bool {
    var request = RequestBuilder()
    ConntrackRequest.delete(key, flags: .acknowledge, sequence: nextSequence(), into: &request)
    do {
      try transact("delete a conntrack entry", request.bytes)
    } catch let error as NetlinkError where error.number == .noSuchEntry {
      return false
    }
    return true
  }

  /// Deletes all entries that the filter lets through, and more where the kernel does not know all of the filter.
  ///
  /// - Parameters:
  ///   - filter: which entries; an empty one is all.
  ///   - version: of the request; 0 makes the kernel pass over a family without tuples.
  /// - Throws: ``NetlinkError``.
  package func flushConntrack(_ filter: KernelFilter = KernelFilter(), version: UInt8 = 1) throws {
    try transact(
      "flush the conntrack table", ConntrackRequest.flush(filter, version: version, sequence: nextSequence()))
  }

  /// Looks one entry up by key.
  ///
  /// - Returns: nil when there is none.
  /// - Throws: ``NetlinkError``.
  package func conntrackEntry(_ key: ConntrackKey) throws -> ConntrackEntry? {
    var request = RequestBuilder()
    ConntrackRequest.get(key, flags: .acknowledge, sequence: nextSequence(), into: &request)
    var found: ConntrackEntry?
    do {
      try transact("look up a conntrack entry", request.bytes) { type, payload in
        guard type == ConntrackMessage.type(ConntrackMessage.new) else { return }
        var entry = ConntrackEntry()
        try entry.decode(payload)
        found = entry
      }
    } catch let error as NetlinkError where error.number == .noSuchEntry {
      return nil
    }
    return found
  }
}
