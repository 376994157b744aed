// SPDX-License-Identifier: GPL-3.0-or-later
package import NetlinkWire

// Requests that change the table. libnetfilter_conntrack writes neither an id nor a mask, so that these are put
// together attribute by attribute with libmnl.
extension ConntrackRequest {
  /// Creates an entry, or updates one of the same tuple where that is not an error.
  package static func create(
    _ creation: ConntrackCreation, flags: NetlinkFlags = [], sequence: UInt32,
    into request: inout RequestBuilder
  ) {
    let entry = creation.entry
    begin(
      ConntrackMessage.new, flags.union(creation.isExclusive ? [.create, .exclusive] : .create),
      entry.original.family, sequence, &request)
    put(entry.original, ConntrackAttribute.originalTuple, into: &request)
    put(entry.reply, ConntrackAttribute.replyTuple, into: &request)
    if entry.present.contains(.master) { put(entry.master, ConntrackAttribute.masterTuple, into: &request) }
    if let zone = entry.zone { request.put(ConntrackAttribute.zone, zone) }
    let status = (entry.status ?? []).union(.confirmed)
    request.put(ConntrackAttribute.status, status.rawValue)
    if let timeout = entry.timeout { request.put(ConntrackAttribute.timeout, timeout) }
    if let mark = entry.mark { request.put(ConntrackAttribute.mark, mark) }
    if let mark = entry.securityMark { request.put(ConntrackAttribute.securityMark, mark) }
    put(creation.protocolInfo, layer4: entry.original.layer4, into: &request)
    if let helper = entry.helper { put(helper: helper, into: &request) }
    if let labels = entry.labels { put(labels, ConntrackAttribute.labels, into: &request) }
    if entry.present.contains(.originalSequence) {
      put(entry.originalSequence, ConntrackAttribute.originalSequenceAdjustment, into: &request)
    }
    if entry.present.contains(.replySequence) {
      put(entry.replySequence, ConntrackAttribute.replySequenceAdjustment, into: &request)
    }
    if let target = creation.sourceNAT { put(target, ConntrackAttribute.sourceNAT, into: &request) }
    if let target = creation.destinationNAT { put(target, ConntrackAttribute.destinationNAT, into: &request) }
  }

  /// Changes one entry; ENOENT when there is none. The kernel does not compare the id in an update.
  package static func update(
    _ key: ConntrackKey, _ update: ConntrackUpdate, flags: NetlinkFlags = [], sequence: UInt32,
    into request: inout RequestBuilder
  ) {
    begin(ConntrackMessage.new, flags, key.tuple.family, sequence, &request)
    put(key.tuple, ConntrackAttribute.originalTuple, into: &request)
    if let zone = key.zone { request.put(ConntrackAttribute.zone, zone) }
    if let helper = update.helper { put(helper: helper, into: &request) }
    if let timeout = update.timeout { request.put(ConntrackAttribute.timeout, timeout) }
    if let status = update.status { request.put(ConntrackAttribute.status, status.rawValue) }
    if let info = update.protocolInfo { put(info, layer4: key.tuple.layer4, into: &request) }
    if let mark = update.mark {
      request.put(ConntrackAttribute.mark, mark.value)
      request.put(ConntrackAttribute.markMask, mark.mask)
    }
    if let labels = update.labels {
      put(labels.value, ConntrackAttribute.labels, into: &request)
      put(labels.mask, ConntrackAttribute.labelsMask, into: &request)
    }
  }

  /// Deletes one entry; ENOENT when there is none, or when it has another id than the key.
  package static func delete(
    _ key: ConntrackKey, flags: NetlinkFlags = [], sequence: UInt32, into request: inout RequestBuilder
  ) {
    begin(ConntrackMessage.delete, flags, key.tuple.family, sequence, &request)
    put(key.tuple, ConntrackAttribute.originalTuple, into: &request)
    if let zone = key.zone { request.put(ConntrackAttribute.zone, zone) }
    if let id = key.id { request.put(ConntrackAttribute.id, id) }
  }

  /// Looks an entry up; ENOENT when there is none.
  package static func get(
    _ key: ConntrackKey, flags: NetlinkFlags = [], sequence: UInt32, into request: inout RequestBuilder
  ) {
    begin(ConntrackMessage.get, flags, key.tuple.family, sequence, &request)
    put(key.tuple, ConntrackAttribute.originalTuple, into: &request)
    if let zone = key.zone { request.put(ConntrackAttribute.zone, zone) }
  }

  /// Deletes all entries that the filter lets through: all there are, where it is empty.
  ///
  /// A kernel that does not know a part of the filter passes over it and deletes more. The family counts only in
  /// a request of version 1, for old programs sent one without meaning it.
  package static func flush(_ filter: KernelFilter, version: UInt8 = 1, sequence: UInt32) -> [UInt8] {
    var request = RequestBuilder(
      type: ConntrackMessage.type(ConntrackMessage.delete), flags: .acknowledge, sequence: sequence,
      netfilter: NetfilterHeader(family: filter.family.rawValue, version: version))
    put(filter, into: &request)
    return request.bytes
  }

  // MARK: Parts

  private static func begin(
    _ message: UInt8, _ flags: NetlinkFlags, _ family: AddressFamily, _ sequence: UInt32,
    _ request: inout RequestBuilder
  ) {
    request.begin(
      type: ConntrackMessage.type(message), flags: flags, sequence: sequence,
      netfilter: NetfilterHeader(family: family.rawValue))
  }

  private static func put(helper name: String, into request: inout RequestBuilder) {
    request.nest(ConntrackAttribute.help) { $0.put(1, text: name) }
  }

  /// Labels as the kernel keeps them: bit n is bit n % 8 of octet n / 8.
  private static func put(_ labels: ConntrackLabels, _ type: UInt16, into request: inout RequestBuilder) {
    var octets: [UInt8] = []
    for word in [labels.low, labels.high] {
      for index in 0..<8 { octets.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * index))) }
    }
    request.put(type, bytes: octets)
  }

  private static func put(
    _ adjustment: SequenceAdjustment, _ type: UInt16, into request: inout RequestBuilder
  ) {
    request.nest(type) { request in
      request.put(1, adjustment.position)
      request.put(2, adjustment.before)
      request.put(3, adjustment.after)
    }
  }

  private static func put(_ target: NATTarget, _ type: UInt16, into request: inout RequestBuilder) {
    let isIPv6 = target.addresses.lowerBound.family == .ipv6
    request.nest(type) { request in
      request.put(isIPv6 ? 4 : 1, target.addresses.lowerBound)
      request.put(isIPv6 ? 5 : 2, target.addresses.upperBound)
      guard let ports = target.ports else { return }
      request.nest(3) { request in
        request.put(1, ports.lowerBound)
        request.put(2, ports.upperBound)
      }
    }
  }

  private static func put(
    _ info: ConntrackProtocolInfo, layer4: UInt8, into request: inout RequestBuilder
  ) {
    guard Layer4Protocol.hasState(layer4), !info.isEmpty else { return }
    request.nest(ConntrackAttribute.protocolInfo) { request in
      switch layer4 {
      case Layer4Protocol.tcp:
        request.nest(1) { request in
          if let state = info.state { request.put(1, state) }
          if let scale = info.originalWindowScale { request.put(2, scale) }
          if let scale = info.replyWindowScale { request.put(3, scale) }
          if let flags = info.originalTCPFlags { request.put(4, bytes: [flags.value, flags.mask]) }
          if let flags = info.replyTCPFlags { request.put(5, bytes: [flags.value, flags.mask]) }
        }
      case Layer4Protocol.dccp:
        request.nest(2) { request in
          if let state = info.state { request.put(1, state) }
          if let role = info.dccpRole { request.put(2, role) }
          if let sequence = info.dccpSequence { request.put(3, sequence) }
        }
      default:
        request.nest(3) { request in
          if let state = info.state { request.put(1, state) }
          if let tag = info.originalVerificationTag { request.put(2, tag) }
          if let tag = info.replyVerificationTag { request.put(3, tag) }
        }
      }
    }
  }
}
