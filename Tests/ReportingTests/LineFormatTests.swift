// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import NetlinkWire
import Reporting
import Testing

// Serialised: the library formats addresses and times in static memory.
@Suite("Line and XML against libnetfilter_conntrack", .serialized)
struct LineFormatTests {
  static let combinations = Array(UInt8(0)..<16)
  static let events: [FlowEvent?] = [nil, .new, .update, .destroy]

  private static func number(_ event: FlowEvent?) -> UInt32 {
    switch event {
    case nil, .offload, .classic: 0
    case .new: UInt32(NFCT_T_NEW.rawValue)
    case .update: UInt32(NFCT_T_UPDATE.rawValue)
    case .destroy: UInt32(NFCT_T_DESTROY.rawValue)
    }
  }

  /// Runs both printers within one second, as both show the time.
  private func compare(
    seed: UInt64, flags: UInt32, format: UInt32, labels: Bool,
    _ ours: (borrowing ConntrackEntry, borrowing FormatContext, inout OutputBuffer) -> Void
  ) throws {
    let printer = try ReferencePrinter()
    var sample = SampleMessage(seed: seed)
    for index in 0..<400 {
      let message = sample.next(SampleMessage.Kind.allCases[index % 4])
      let event = Self.events[index % 4]
      let entry = try #require(decodedEntry(message))
      var text = ""
      var expected: String? = ""
      repeat {
        var context = ReferencePrinter.context(now: currentSecond())
        context.event = event
        expected = printer.print(
          message, event: Self.number(event), format: format, flags: flags, labels: labels)
        var output = OutputBuffer()
        ours(entry, context, &output)
        text = output.text
        if context.now == currentSecond() { break }
      } while true
      #expect(text == expected, "seed \(seed), message \(index)")
      if text != expected { return }
    }
  }

  @Test("a line is what the library prints, for every combination of options", arguments: combinations)
  func equalLines(_ combination: UInt8) throws {
    let options = LineOptions(rawValue: combination)
    var flags: UInt32 = 0
    if options.contains(.extended) { flags |= UInt32(NFCT_OF_SHOW_LAYER3) }
    if options.contains(.id) { flags |= UInt32(NFCT_OF_ID) }
    if options.contains(.kernelTimestamp) { flags |= UInt32(NFCT_OF_TIMESTAMP) }
    try compare(
      seed: 0x11 + UInt64(combination), flags: flags, format: UInt32(NFCT_O_DEFAULT),
      labels: options.contains(.labels)
    ) { entry, context, output in
      LineFormat(options).append(entry, context, to: &output)
    }
  }

  @Test("an XML element is what the library prints, for every combination of options", arguments: 0..<8)
  func equalElements(_ combination: Int) throws {
    let format = XMLFormat(
      showsKernelTimestamp: combination & 1 != 0, showsLabels: combination & 2 != 0,
      showsTime: combination & 4 != 0)
    var flags: UInt32 = 0
    if format.showsKernelTimestamp { flags |= UInt32(NFCT_OF_TIMESTAMP) }
    if format.showsTime { flags |= UInt32(NFCT_OF_TIME) }
    try compare(
      seed: 0x77 + UInt64(combination), flags: flags, format: UInt32(NFCT_O_XML), labels: format.showsLabels
    ) { entry, context, output in
      format.append(entry, context, to: &output)
    }
  }

  @Test("minutes and seconds have two digits, the other parts of a time as many as they need")
  func time() {
    var time = LocalTime()
    (time.year, time.month, time.day, time.weekday) = (2026, 1, 2, 5)
    (time.hour, time.minute, time.second) = (3, 4, 5)
    let expected = time
    let context = FormatContext(localTime: { _ in expected })
    var output = OutputBuffer()
    XMLFormat(showsTime: true).append(ConntrackEntry(), context, to: &output)
    // As libnetfilter_conntrack 1.0.9 printed the second 1767323045 in UTC.
    let when =
      "<when><hour>3</hour><min>04</min><sec>05</sec><wday>6</wday><day>2</day><month>1</month><year>2026</year>"
    #expect(output.text.hasSuffix(when + "</when></flow>"))
  }

  @Test("events that are ours alone are tagged like the others")
  func fastPath() {
    for (event, tag) in [(FlowEvent.offload, "[OFFLOAD] "), (.classic, "[CLASSIC] ")] {
      var output = OutputBuffer()
      LineFormat().append(ConntrackEntry(), FormatContext(event: event), to: &output)
      #expect(output.text.hasPrefix(tag + "unknown  0 src="))
    }
  }

  @Test("colour changes no text")
  func colour() throws {
    var sample = SampleMessage(seed: 5)
    for kind in SampleMessage.Kind.allCases {
      let entry = try #require(decodedEntry(sample.next(kind)))
      var context = ReferencePrinter.context(now: 0)
      context.event = kind == .destroy ? .destroy : .new
      var plain = OutputBuffer()
      LineFormat(.extended).append(entry, context, to: &plain)
      var coloured = OutputBuffer()
      LineFormat(.extended, palette: .ansi).append(entry, context, to: &coloured)
      #expect(coloured.text.contains("\u{1b}["))
      #expect(coloured.text.replacing(/\u{1b}\[[0-9;]*m/, with: "") == plain.text)
    }
  }
}
