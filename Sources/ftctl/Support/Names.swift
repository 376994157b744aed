// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import NetlinkWire
import Reporting
import Synchronization

/// Names of hosts and services, from the C library's resolver, each asked for once.
enum Names {
  private static let hosts = Mutex<[IPAddress: String?]>([:])
  private static let services = Mutex<[UInt32: String?]>([:])

  static func resolver() -> NameResolver {
    NameResolver(
      host: { address in
        if let known = hosts.withLock({ $0[address] }) { return known }
        let name = host(address)
        hosts.withLock { $0[address] = .some(name) }
        return name
      },
      service: { port, layer4 in
        let key = UInt32(port) << 8 | UInt32(layer4)
        if let known = services.withLock({ $0[key] }) { return known }
        let name = service(port, layer4)
        services.withLock { $0[key] = .some(name) }
        return name
      })
  }

  /// The host's name; nil where none is known.
  private static func host(_ address: IPAddress) -> String? {
    let octets = address.octets
    if address.family == .ipv6 {
      var socketAddress = sockaddr_in6()
      socketAddress.sin6_family = sa_family_t(AF_INET6)
      unsafe withUnsafeMutableBytes(of: &socketAddress.sin6_addr) { unsafe $0.copyBytes(from: octets) }
      return unsafe withUnsafeBytes(of: &socketAddress) { unsafe name(of: $0) }
    }
    var socketAddress = sockaddr_in()
    socketAddress.sin_family = sa_family_t(AF_INET)
    unsafe withUnsafeMutableBytes(of: &socketAddress.sin_addr) { unsafe $0.copyBytes(from: octets) }
    return unsafe withUnsafeBytes(of: &socketAddress) { unsafe name(of: $0) }
  }

  private static func name(of socketAddress: UnsafeRawBufferPointer) -> String? {
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    guard let base = socketAddress.baseAddress else { return nil }
    // Safe: getnameinfo reads the address's length and writes at most NI_MAXHOST octets, the last of them NUL.
    let status = unsafe text.withUnsafeMutableBufferPointer { buffer in
      unsafe getnameinfo(
        base.assumingMemoryBound(to: sockaddr.self), socklen_t(socketAddress.count), buffer.baseAddress,
        socklen_t(buffer.count), nil, 0, NI_NAMEREQD)
    }
    return status == 0 ? string(text) : nil
  }

  /// The service's name; nil where none is known.
  private static func service(_ port: UInt16, _ layer4: UInt8) -> String? {
    let layer4Name =
      switch layer4 {
      case Layer4Protocol.udp: "udp"
      case Layer4Protocol.sctp: "sctp"
      default: "tcp"
      }
    var entry = unsafe servent()
    var result: UnsafeMutablePointer<servent>?
    var text = [CChar](repeating: 0, count: 1024)
    // Safe: getservbyport_r keeps what the entry points to inside the buffer, which is still there when it is read.
    return unsafe text.withUnsafeMutableBufferPointer { buffer -> String? in
      guard let base = buffer.baseAddress else { return nil }
      let status = unsafe getservbyport_r(
        Int32(port.bigEndian), layer4Name, &entry, base, buffer.count, &result)
      guard status == 0, unsafe result != nil, let name = unsafe entry.s_name else { return nil }
      return unsafe String(cString: name)
    }
  }

  private static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
