// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import Glibc
import NetfilterClient
import NetlinkWire
import Reporting

/// `-E`: prints events until a signal ends it.
struct DropInEvents {
  let line: DropInLine

  /// The groups of the events that are asked for: all, unless `-e` says otherwise.
  private var groups: [UInt32] {
    if line.table == .expect {
      return [
        ConntrackGroup.newExpectation, ConntrackGroup.updateExpectation, ConntrackGroup.destroyExpectation,
      ]
    }
    let numbers: [(FlowEvent, UInt32)] = [
      (.new, ConntrackGroup.new), (.update, ConntrackGroup.update), (.destroy, ConntrackGroup.destroy),
    ]
    return numbers.filter { line.events.isEmpty || line.events.contains($0.0) }.map(\.1)
  }

  /// - Throws: ``NetlinkError``; EPERM without CAP_NET_ADMIN.
  func run() throws {
    let signals = try retryingInterrupts("wait for signals") { ftctl_signal_descriptor() }
    defer { close(signals) }
    // The buffer of the socket that gets the events; conntrack 1.4.7 enlarges the one of its requests.
    let source = try ConntrackEventSource(receiveBuffer: line.bufferSize, groups: groups)
    if line.bufferSize != nil {
      StandardError.line("NOTICE: Netlink socket buffer size has been set to \(source.receiveBuffer) bytes.")
    }
    try line.checkSelection()
    if line.table == .expect {
      var printer = ExpectationPrinter(line)
      try wait(source.descriptor, signals) {
        try source.readExpectations { kind, expectation in
          try printer.append(expectation, event: Self.event(kind))
        }
      }
      try printer.finish()
      StandardError.line("\(DropInFailure.prefix)\(printer.count) expectation events have been shown.")
    } else {
      var printer = DropInPrinter(line)
      let template = line.template
      try wait(source.descriptor, signals) {
        try source.read { kind, entry, port in
          guard template.matches(entry, .selection) else { return }
          try printer.append(entry, Self.event(kind), cause: port == 0 ? nil : Self.cause(port))
        }
      }
      try printer.finish()
      StandardError.line("\(DropInFailure.prefix)\(printer.count) flow events have been shown.")
    }
  }

  /// Calls `read` whenever something is there, until SIGINT or SIGTERM.
  private func wait(_ descriptor: Int32, _ signals: Int32, _ read: () throws -> Bool) throws {
    var waits = [
      pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      // Safe: poll reads and writes the array's two elements.
      _ = unsafe poll(&waits, 2, -1)
      do {
        while try read() {}
      } catch let error as NetlinkError where error.number == .noBufferSpace {
        StandardError.line("WARNING: We have hit ENOBUFS! We are losing events.")
        StandardError.line(
          "Events came faster than they were read; a larger --buffer-size holds more of them.")
      }
      if waits[1].revents != 0 { return }
    }
  }

  private static func event(_ kind: ConntrackEventSource.Kind) -> FlowEvent {
    switch kind {
    case .new: .new
    case .update: .update
    case .destroy: .destroy
    }
  }

  /// Which program caused an event. The port id is most often a process id.
  private static func cause(_ port: UInt32) -> String {
    let name = SystemFile.text("/proc/\(port)/comm")?.split(whereSeparator: \.isNewline).first
    return "[USERSPACE] portid=\(port)" + (name.map { " progname=\($0)" } ?? "")
  }
}
