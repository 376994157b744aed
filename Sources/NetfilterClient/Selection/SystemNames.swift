// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
package import NetlinkWire

/// What the C library knows: textual addresses, `/etc/services` and `/etc/protocols`.
package enum SystemNames {
  /// The address that inet_pton(3) reads from `text`, or nil.
  package static func address(_ text: String) -> IPAddress? {
    guard !text.utf8.contains(0) else { return nil }
    var octets = [UInt8](repeating: 0, count: 16)
    // Safe: the buffer holds the 16 octets of the larger family.
    if unsafe inet_pton(AF_INET, text, &octets) == 1 {
      return IPAddress(ipv4: octets[0..<4].reduce(0) { $0 << 8 | UInt32($1) })
    }
    guard unsafe inet_pton(AF_INET6, text, &octets) == 1 else { return nil }
    return IPAddress(
      high: octets[0..<8].reduce(0) { $0 << 8 | UInt64($1) },
      low: octets[8..<16].reduce(0) { $0 << 8 | UInt64($1) }, family: .ipv6)
  }

  /// The address in the form of inet_ntop(3).
  package static func text(of address: IPAddress) -> String {
    guard address.family == .ipv4 || address.family == .ipv6 else { return "no address" }
    let octets = address.octets
    var text = [CChar](repeating: 0, count: 64)
    // Safe: the source has as many octets as the family asks for, and 64 characters hold every address.
    guard unsafe inet_ntop(Int32(address.family.rawValue), octets, &text, 64) != nil else {
      return "no address"
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The port of a service in host byte order, or nil where `/etc/services` has none of this name.
  ///
  /// `layer4` is the protocol's name; nil takes the first entry of any protocol.
  package static func port(ofService name: String, layer4: String?) -> UInt16? {
    guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
    var entry = unsafe servent()
    var found: UnsafeMutablePointer<servent>? = nil
    var buffer = [CChar](repeating: 0, count: 4096)
    // Safe: the C library writes the entry's strings into the buffer of the length given; only s_port is read.
    let status = unsafe getservbyname_r(name, layer4, &entry, &buffer, buffer.count, &found)
    guard unsafe status == 0 && found != nil else { return nil }
    return UInt16(bigEndian: UInt16(truncatingIfNeeded: unsafe entry.s_port))
  }

  /// The number of a protocol, or nil where `/etc/protocols` has none of this name.
  package static func protocolNumber(named name: String) -> UInt8? {
    guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
    var entry = unsafe protoent()
    var found: UnsafeMutablePointer<protoent>? = nil
    var buffer = [CChar](repeating: 0, count: 4096)
    // Safe: as above; only p_proto is read.
    let status = unsafe getprotobyname_r(name, &entry, &buffer, buffer.count, &found)
    guard unsafe status == 0 && found != nil else { return nil }
    return UInt8(exactly: unsafe entry.p_proto)
  }
}
