// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import Foundation
import Glibc
import NetlinkWire
import Reporting

/// libnetfilter_conntrack as the judge of our text: `nfct_nlmsg_parse` and `nfct_snprintf_labels`.
@safe
final class ReferencePrinter {
  /// Labels that the samples can have: some bits stay without a name.
  static let labelText = """
    # bit name
    0 zero
    1 web
    2\tvoip
    5 guest-net
    17 seventeen
    77 x
    127 last
    """

  private let map: OpaquePointer?
  private var text = [CChar](repeating: 0, count: 1 << 14)

  init() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "labels-\(UUID().uuidString)"
    ).path
    try Self.labelText.write(toFile: path, atomically: true, encoding: .utf8)
    unsafe map = nfct_labelmap_new(path)
    try FileManager.default.removeItem(atPath: path)
  }

  deinit { if let map = unsafe map { unsafe nfct_labelmap_destroy(map) } }

  /// What the library prints for a message: `event` is `NFCT_T_*`, or 0 for an entry of a dump, `format`
  /// `NFCT_O_*`, `flags` `NFCT_OF_*`.
  func print(_ message: [UInt8], event: UInt32, format: UInt32, flags: UInt32, labels: Bool) -> String? {
    guard let entry = unsafe nfct_new() else { return nil }
    defer { unsafe nfct_destroy(entry) }
    let status = unsafe message.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return Int32(-1) }
      return unsafe nfct_nlmsg_parse(base.assumingMemoryBound(to: nlmsghdr.self), entry)
    }
    guard status >= 0 else { return nil }
    let map = unsafe labels ? map : nil
    let count = unsafe text.withUnsafeMutableBufferPointer { buffer in
      unsafe nfct_snprintf_labels(
        buffer.baseAddress, UInt32(buffer.count), entry, event, format, flags, map)
    }
    guard count >= 0, Int(count) < text.count else { return nil }
    return String(decoding: text[0..<Int(count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// `ctime_r`, without the line end.
  static func calendar(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var text = [CChar](repeating: 0, count: 64)
    guard unsafe ctime_r(&time, &text) != nil else { return "" }
    return String(decoding: text.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// `localtime_r`.
  static func localTime(_ seconds: Int64) -> LocalTime {
    var time = time_t(seconds)
    var broken = unsafe tm()
    unsafe localtime_r(&time, &broken)
    var result = LocalTime()
    result.year = unsafe Int(broken.tm_year) + 1900
    result.month = unsafe Int(broken.tm_mon) + 1
    result.day = unsafe Int(broken.tm_mday)
    result.weekday = unsafe Int(broken.tm_wday)
    result.hour = unsafe Int(broken.tm_hour)
    result.minute = unsafe Int(broken.tm_min)
    result.second = unsafe Int(broken.tm_sec)
    return result
  }

  /// A context that agrees with the library's.
  static func context(now: Int64) -> FormatContext {
    FormatContext(now: now, labels: .init(text: labelText), calendar: calendar, localTime: localTime)
  }
}

/// Seconds since 1970.
func currentSecond() -> Int64 { Int64(time(nil)) }
