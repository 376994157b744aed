// SPDX-License-Identifier: GPL-3.0-or-later
private import Glibc

/// Names and indices of network devices: of the current network namespace, or of the engine that is asked.
package enum NetworkDevice {
  /// The engine's devices; nil when the kernel is asked, which has quicker ways.
  private static var ofEngine: [NetworkLink]? {
    NetlinkEndpoint.current.isEngine ? (try? NetworkLinks.read())?.all ?? [] : nil
  }

  /// The device's name; nil when there is none with this index.
  package static func name(_ index: UInt32) -> String? {
    if let links = ofEngine { return links.first { $0.index == index }?.name }
    var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
    // Safe: if_indextoname writes at most IF_NAMESIZE octets, the last of them NUL.
    let isKnown = unsafe buffer.withUnsafeMutableBufferPointer { memory in
      unsafe memory.baseAddress.map { unsafe if_indextoname(index, $0) != nil } ?? false
    }
    guard isKnown else { return nil }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The device's index; 0 when there is none of this name.
  package static func index(_ name: String) -> UInt32 {
    if let links = ofEngine { return links.first { $0.name == name }?.index ?? 0 }
    return unsafe if_nametoindex(name)
  }

  /// All names, in order of index.
  package static func names() -> [String] {
    if let links = ofEngine { return links.map(\.name) }
    // Safe: the array ends with an index of 0 and is freed once.
    guard let list = unsafe if_nameindex() else { return [] }
    defer { unsafe if_freenameindex(list) }
    var result: [String] = []
    var position = unsafe list
    while unsafe position.pointee.if_index != 0 {
      if let name = unsafe position.pointee.if_name { result.append(unsafe String(cString: name)) }
      unsafe position += 1
    }
    return result
  }
}
