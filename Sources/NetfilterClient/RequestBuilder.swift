// SPDX-License-Identifier: GPL-3.0-or-later
internal import CNetfilter
package import NetlinkWire

/// Builds one nfnetlink request with libmnl, in memory of its own.
///
/// `@safe`: libmnl's put functions are given the room that is left and refuse what does not fit, which
/// ``isComplete`` remembers.
@safe
package struct RequestBuilder: ~Copyable {
  /// More than the largest request: an entry with every attribute is below 2 KiB.
  private static let capacity = 1 << 13
  private let memory: UnsafeMutableRawPointer
  private let message: UnsafeMutablePointer<nlmsghdr>
  /// Whether everything fitted so far.
  package private(set) var isComplete = true

  /// - Parameters:
  ///   - type: `nlmsg_type`.
  ///   - flags: besides `NLM_F_REQUEST`, which every request has.
  ///   - sequence: from ``NetlinkSession/nextSequence()``.
  ///   - netfilter: family and version.
  package init(type: UInt16, flags: NetlinkFlags, sequence: UInt32, netfilter: NetfilterHeader) {
    unsafe memory = .allocate(byteCount: Self.capacity, alignment: 16)
    unsafe message = mnl_nlmsg_put_header(memory)
    begin(type: type, flags: flags, sequence: sequence, netfilter: netfilter)
  }

  /// Memory for requests that ``begin(type:flags:sequence:netfilter:)`` starts.
  package init() {
    unsafe memory = .allocate(byteCount: Self.capacity, alignment: 16)
    unsafe message = mnl_nlmsg_put_header(memory)
  }

  /// Begins another request in the same memory; the one before is forgotten.
  ///
  /// - Parameters:
  ///   - type: `nlmsg_type`.
  ///   - flags: besides `NLM_F_REQUEST`, which every request has.
  ///   - sequence: from ``NetlinkSession/nextSequence()``.
  ///   - netfilter: family and version.
  package mutating func begin(
    type: UInt16, flags: NetlinkFlags, sequence: UInt32, netfilter: NetfilterHeader
  ) {
    isComplete = true
    unsafe mnl_nlmsg_put_header(memory)
    unsafe message.pointee.nlmsg_type = type
    unsafe message.pointee.nlmsg_flags = NetlinkFlags.request.union(flags).rawValue
    unsafe message.pointee.nlmsg_seq = sequence
    if let extra = unsafe mnl_nlmsg_put_extra_header(message, MemoryLayout<nfgenmsg>.size) {
      let header = unsafe extra.assumingMemoryBound(to: nfgenmsg.self)
      unsafe header.pointee.nfgen_family = netfilter.family
      unsafe header.pointee.version = netfilter.version
      unsafe header.pointee.res_id = netfilter.resourceID.bigEndian
    }
  }

  /// Begins a request for one route (`RTM_GETROUTE`, rtnetlink(7)).
  ///
  /// - Parameters:
  ///   - family: of the destination, which follows as `RTA_DST`.
  ///   - prefixLength: bits of the destination.
  ///   - sourceLength: bits of the source, which follows as `RTA_SRC`; none without.
  ///   - sequence: from ``NetlinkSession/nextSequence()``.
  package init(route family: AddressFamily, prefixLength: UInt8, sourceLength: UInt8 = 0, sequence: UInt32) {
    unsafe memory = .allocate(byteCount: Self.capacity, alignment: 16)
    unsafe message = mnl_nlmsg_put_header(memory)
    unsafe message.pointee.nlmsg_type = UInt16(RTM_GETROUTE)
    unsafe message.pointee.nlmsg_flags = NetlinkFlags([.request, .acknowledge]).rawValue
    unsafe message.pointee.nlmsg_seq = sequence
    if let extra = unsafe mnl_nlmsg_put_extra_header(message, MemoryLayout<rtmsg>.size) {
      let header = unsafe extra.assumingMemoryBound(to: rtmsg.self)
      unsafe header.pointee.rtm_family = family.rawValue
      unsafe header.pointee.rtm_dst_len = prefixLength
      unsafe header.pointee.rtm_src_len = sourceLength
    }
  }

  /// Begins a request of any bus.
  ///
  /// - Parameters:
  ///   - type: `nlmsg_type`.
  ///   - flags: besides `NLM_F_REQUEST`.
  ///   - sequence: from ``NetlinkSession/nextSequence()``.
  ///   - family: the family's own header, at most 64 octets: `ifinfomsg`, `ndmsg`, `genlmsghdr`.
  package init(type: UInt16, flags: NetlinkFlags, sequence: UInt32, header family: [UInt8]) {
    precondition(family.count <= 64)
    unsafe memory = .allocate(byteCount: Self.capacity, alignment: 16)
    unsafe message = mnl_nlmsg_put_header(memory)
    unsafe message.pointee.nlmsg_type = type
    unsafe message.pointee.nlmsg_flags = NetlinkFlags.request.union(flags).rawValue
    unsafe message.pointee.nlmsg_seq = sequence
    if let extra = unsafe mnl_nlmsg_put_extra_header(message, family.count) {
      unsafe extra.copyMemory(from: family, byteCount: family.count)
    }
  }

  deinit { unsafe memory.deallocate() }

  /// The request's octets.
  package var bytes: [UInt8] {
    let length = unsafe Int(message.pointee.nlmsg_len)
    return unsafe Array(UnsafeRawBufferPointer(start: memory, count: length))
  }

  /// Appends the request's octets, padded to four, to a datagram of several.
  package func append(to datagram: inout [UInt8]) {
    let length = unsafe Int(message.pointee.nlmsg_len)
    // Safe: the memory holds `length` octets, which are copied.
    unsafe datagram.append(contentsOf: UnsafeRawBufferPointer(start: memory, count: length))
    while datagram.count & 3 != 0 { datagram.append(0) }
  }

  /// Lets a C library append to the message. It must not write beyond ``capacity`` octets.
  mutating func withMessage<Result>(_ body: (UnsafeMutablePointer<nlmsghdr>) -> Result) -> Result {
    unsafe body(message)
  }

  /// Appends a 16-bit number, big-endian on the wire.
  package mutating func put(_ type: UInt16, _ value: UInt16) {
    let fitted = unsafe mnl_attr_put_u16_check(message, Self.capacity, type, value.bigEndian)
    isComplete = isComplete && fitted
  }

  /// Appends a 32-bit number, big-endian on the wire.
  package mutating func put(_ type: UInt16, _ value: UInt32) {
    put(type, host: value.bigEndian)
  }

  /// Appends a 32-bit number in host byte order.
  package mutating func put(_ type: UInt16, host value: UInt32) {
    let fitted = unsafe mnl_attr_put_u32_check(message, Self.capacity, type, value)
    isComplete = isComplete && fitted
  }

  /// Appends an octet.
  package mutating func put(_ type: UInt16, _ value: UInt8) {
    let fitted = unsafe mnl_attr_put_u8_check(message, Self.capacity, type, value)
    isComplete = isComplete && fitted
  }

  /// Appends a 64-bit number, big-endian on the wire.
  package mutating func put(_ type: UInt16, _ value: UInt64) {
    let fitted = unsafe mnl_attr_put_u64_check(message, Self.capacity, type, value.bigEndian)
    isComplete = isComplete && fitted
  }

  /// Appends an address: 4 or 16 octets in network order.
  package mutating func put(_ type: UInt16, _ address: IPAddress) {
    guard address.family == .ipv6 else {
      put(type, UInt32(truncatingIfNeeded: address.low))
      return
    }
    let words = (address.high.bigEndian, address.low.bigEndian)
    // Safe: libmnl copies the 16 octets before it returns.
    let fitted = unsafe withUnsafeBytes(of: words) {
      unsafe mnl_attr_put_check(message, Self.capacity, type, $0.count, $0.baseAddress)
    }
    isComplete = isComplete && fitted
  }

  /// Appends octets.
  package mutating func put(_ type: UInt16, bytes: [UInt8]) {
    // Safe: libmnl copies the octets before it returns.
    let fitted = unsafe bytes.withUnsafeBytes {
      unsafe mnl_attr_put_check(message, Self.capacity, type, $0.count, $0.baseAddress)
    }
    isComplete = isComplete && fitted
  }

  /// Appends a text and a NUL octet.
  package mutating func put(_ type: UInt16, text: String) {
    let fitted = unsafe mnl_attr_put_strz_check(message, Self.capacity, type, text)
    isComplete = isComplete && fitted
  }

  /// Appends a nest, marked `NLA_F_NESTED`, with what `body` appends.
  package mutating func nest(_ type: UInt16, _ body: (inout RequestBuilder) -> Void) {
    guard let attribute = unsafe mnl_attr_nest_start_check(message, Self.capacity, type) else {
      isComplete = false
      return
    }
    body(&self)
    unsafe mnl_attr_nest_end(message, attribute)
  }
}
