// SPDX-License-Identifier: GPL-3.0-or-later

/// Frames that recordings leave out: multicast listener and router discovery, duplicate address detection.
enum RecordedNoise {
  static func isNoise(_ frame: [UInt8]) -> Bool {
    guard frame.count >= 14 else { return false }
    var place = 14
    var etherType = Int(frame[12]) << 8 | Int(frame[13])
    while etherType == 0x8100 || etherType == 0x88a8, frame.count >= place + 4 {
      etherType = Int(frame[place + 2]) << 8 | Int(frame[place + 3])
      place += 4
    }
    guard etherType == 0x86dd, frame.count >= place + 41 else { return false }
    var next = frame[place + 6]
    var payload = place + 40
    if next == 0, frame.count > payload + 8 {
      next = frame[payload]
      payload += 8
    }
    guard next == 58, frame.count > payload else { return false }
    switch frame[payload] {
    case 130...134, 143: return true
    case 135: return frame[(place + 8)..<(place + 24)].allSatisfy { $0 == 0 }
    default: return false
    }
  }
}
