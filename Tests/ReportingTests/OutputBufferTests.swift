// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import NetlinkWire
import Reporting
import TestSupport
import Testing

@Suite("Output buffer")
struct OutputBufferTests {
  @Test("decimals are what the standard library writes, at every length and around every carry")
  func decimals() {
    var values = Array(UInt64(0)...20_000)
    var power: UInt64 = 1
    for _ in 0..<20 {
      values += [power &- 1, power, power &+ 1, power &* 9, power &* 9 &+ power / 3]
      power = power &* 10
    }
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<20_000 { values.append(generator.next() >> UInt64.random(in: 0...63, using: &generator)) }
    values.append(.max)
    var output = OutputBuffer(capacity: 64)
    for value in values {
      output.removeAll()
      output.append(decimal: value)
      output.append(byte: 0x20)
      output.append(hexadecimal: value)
      output.append(byte: 0x20)
      output.append(signed: Int64(bitPattern: value))
      output.append(byte: 0x20)
      output.append(decimal: value, width: 9)
      let decimal = "\(value)"
      let padded = String(repeating: "0", count: max(0, 9 - decimal.utf8.count)) + decimal
      let expected = "\(decimal) \(String(value, radix: 16)) \(Int64(bitPattern: value)) \(padded)"
      // One comparison without the macro: there are many.
      if output.text != expected { Issue.record("\(output.text) is not \(expected)") }
    }
  }

  @Test("addresses are what inet_ntop writes, in every shape")
  func addresses() throws {
    var generator = SeededGenerator(seed: 2)
    for index in 0..<30_000 {
      var octets = [UInt8](repeating: 0, count: index % 4 == 0 ? 4 : 16)
      for position in octets.indices where !generator.oneIn(2) {
        octets[position] = generator.oneIn(3) ? 0xff : UInt8.random(in: 0...255, using: &generator)
      }
      if index % 4 == 1 { for position in 0..<10 { octets[position] = 0 } }
      if index % 8 == 2 { for position in 4..<16 where position % 2 == 0 { octets[position] = 0 } }
      let address = try #require(IPAddress(unsafe octets.span.bytes))
      var text = [CChar](repeating: 0, count: 64)
      _ = unsafe inet_ntop(octets.count == 4 ? AF_INET : AF_INET6, octets, &text, 64)
      #expect(
        address.description == String(decoding: text.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self))
    }
  }

  @Test("text survives the buffer's growth")
  func growth() {
    var output = OutputBuffer(capacity: 1)
    var expected = ""
    for number in 0..<2000 {
      output.append("number ")
      output.append(decimal: UInt64(number))
      output.append(text: " é\n")
      output.append(byte: 0x2e, count: number % 5)
      expected += "number \(number) é\n" + String(repeating: ".", count: number % 5)
    }
    #expect(output.text == expected)
    var copy = OutputBuffer(capacity: 1)
    copy.append(contentsOf: output)
    copy.append(from: output, at: 7, count: 1)
    #expect(copy.text == expected + "0")
    #expect(copy.copy(from: copy.count - 1) == [0x30])
    copy.truncate(to: 6)
    copy.replace(at: 0, with: 0x4e)
    #expect(copy.text == "Number")
  }
}
