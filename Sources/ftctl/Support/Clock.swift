// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import Reporting

/// The wall clock, read anew every 64th time it is asked: entries come faster than seconds pass.
struct Clock {
  private var countdown = 0
  private var value: Int64 = 0

  /// Seconds since 1970.
  mutating func now() -> Int64 {
    if countdown == 0 {
      countdown = 64
      value = Int64(time(nil))
    }
    countdown -= 1
    return value
  }

  /// The monotonic clock, in seconds.
  static func monotonicSeconds() -> Double {
    var now = timespec()
    // Safe: the structure outlives the call.
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}

/// The local time zone, as the C library knows it.
enum LocalCalendar {
  /// `seconds` since 1970 in ctime(3)'s words, without the line end.
  @Sendable static func text(_ seconds: Int64) -> String {
    var moment = time_t(seconds)
    var buffer = [CChar](repeating: 0, count: 64)
    // Safe: ctime_r writes at most 26 octets, unless the year has more digits than four; 64 hold any.
    unsafe buffer.withUnsafeMutableBufferPointer { memory in
      if let base = memory.baseAddress { _ = unsafe ctime_r(&moment, base) }
    }
    let octets = buffer.prefix { $0 != 0 && $0 != 0x0a }.map(UInt8.init(bitPattern:))
    return String(decoding: octets, as: UTF8.self)
  }

  /// `seconds` since 1970 as calendar fields.
  @Sendable static func fields(_ seconds: Int64) -> LocalTime {
    var moment = time_t(seconds)
    var fields = unsafe tm()
    unsafe localtime_r(&moment, &fields)
    var result = LocalTime()
    result.year = unsafe Int(fields.tm_year) + 1900
    result.month = unsafe Int(fields.tm_mon) + 1
    result.day = unsafe Int(fields.tm_mday)
    result.weekday = unsafe Int(fields.tm_wday)
    result.hour = unsafe Int(fields.tm_hour)
    result.minute = unsafe Int(fields.tm_min)
    result.second = unsafe Int(fields.tm_sec)
    return result
  }
}
