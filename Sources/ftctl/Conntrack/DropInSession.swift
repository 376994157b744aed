// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import NetlinkWire
import Reporting

/// Does what a command line asks for, on the entries of the conntrack table and its side lists.
struct DropInSession {
  let line: DropInLine
  /// Whether the line comes from a file: footers, and failures for want of a match, are then left out.
  var isLoading = false

  private var template: FlowTemplate { line.template }

  private func open() throws -> NetlinkSession { NetlinkSession(try NetlinkEndpoint.open()) }

  /// - Throws: ``DropInFailure``; ``OutputClosed``.
  func run() throws {
    if line.command != .event { try line.checkSelection() }
    guard let command = line.command else { return DropInUsage.write(for: nil) }
    do {
      switch (command, line.table) {
      case (.help, _): DropInUsage.write(for: template.layer4)
      case (.version, _): print("conntrack v1.4.7 (conntrack-tools)")
      case (.event, _): try DropInEvents(line: line).run()
      case (_, .expect): try DropInExpectations(line: line).run(command)
      case (.list, .conntrack): try list()
      case (.list, .dying): try list(.dying)
      case (.list, .unconfirmed): try list(.unconfirmed)
      case (.get, _): try get()
      case (.create, _), (.add, _): try create(isExclusive: command == .create)
      case (.delete, _): try delete()
      case (.update, _): try update()
      case (.flush, _): try flush()
      case (.count, _): print(try open().conntrackFill().entries)
      case (.statistics, _): try printStatistics()
      }
    } catch let error as NetlinkError {
      throw DropInFailure(error, command, line.table)
    }
  }

  /// The sentence that follows on standard error.
  private func report(_ count: Int) {
    guard !isLoading, let command = line.command else { return }
    StandardError.line("\(DropInFailure.prefix)\(count) flow entries have been \(command.participle).")
  }

  // MARK: Showing

  private func list() throws {
    var filter = KernelFilter()
    filter.family = template.family
    if let mark = template.mark, mark.mask != 0 {
      filter.markValue = mark.value
      filter.markMask = mark.mask
    }
    filter.requiredStatus = template.requiredStatus
    filter.forbiddenStatus = template.forbiddenStatus
    // The kernel refuses to filter by no bit at all, and so UNSET cannot be asked for.
    if line.given.contains(.status), filter.statusMask == 0 {
      throw NetlinkError("list conntrack entries", .invalid)
    }
    var printer = DropInPrinter(line)
    _ = try open().dumpConntrack(filter, isZeroingCounters: line.given.contains(.zero)) { entry in
      if template.matches(entry, .selection) { try printer.append(entry) }
      return true
    }
    try printer.finish()
    report(printer.count)
  }

  private func list(_ list: ConntrackSideList) throws {
    var printer = DropInPrinter(line)
    try open().dumpConntrack(list, template.family) { entry in
      if template.matches(entry, .selection) { try printer.append(entry) }
    }
    try printer.finish()
    report(printer.count)
  }

  private func get() throws {
    let task = "look up a conntrack entry"
    guard let tuples = FlowTuples(template, needsBoth: false) else { throw NetlinkError(task, .invalid) }
    guard let entry = try open().conntrackEntry(ConntrackKey(tuple: tuples.original)) else {
      throw NetlinkError(task, .noSuchEntry)
    }
    var printer = DropInPrinter(line)
    if template.matches(entry, .selection) { try printer.append(entry) }
    // The document stays open, as conntrack(8) leaves it.
    try printer.finish(closesXML: false)
    report(printer.count)
    if printer.count == 0 { throw DropInFailure.nothingMatched }
  }

  private func printStatistics() throws {
    for cpu in try open().conntrackStatistics() {
      print(Self.text(of: cpu) { number in ConntrackStatistics.names.first { $0.attribute == number }?.name })
    }
  }

  /// One CPU's counters.
  static func text(of cpu: ConntrackStatistics, _ name: (UInt16) -> String?) -> String {
    let number = String(cpu.cpu)
    let counters = cpu.values.map { "\(name($0.attribute) ?? "unknown\($0.attribute)")=\($0.value) " }
    return "cpu=\(number)\(String(repeating: " ", count: max(0, 4 - number.count)))\t\(counters.joined())"
  }

  // MARK: Changing

  private func create(isExclusive: Bool) throws {
    guard let creation = FlowTuples.creation(template) else {
      throw NetlinkError("create a conntrack entry", .invalid)
    }
    var count = 0
    do {
      try open().createConntrack(creation)
      count = 1
    } catch let error as NetlinkError where error.number == .exists && !isExclusive {
      // --add passes over what is there already.
    }
    report(count)
  }

  private func delete() throws {
    var filter = KernelFilter()
    filter.family = template.family
    if let mark = template.mark, mark.mask != 0 {
      filter.markValue = mark.value
      filter.markMask = mark.mask
    }
    let deleter = try open()
    var printer = DropInPrinter(line)
    _ = try open().dumpConntrack(filter) { entry in
      // With the id: conntrack 1.4.7 sends tuples alone, and deletes a newer entry of the same tuples, too.
      if template.matches(entry, .selection), try deleter.deleteConntrack(ConntrackKey(entry)) {
        try printer.append(entry, hasHeader: false, isDeleted: true)
      }
      return true
    }
    try printer.finish()
    report(printer.count)
    if printer.count == 0, !isLoading { throw DropInFailure.nothingMatched }
  }

  private func update() throws {
    var filter = KernelFilter()
    filter.family = template.family
    let updater = try open()
    var printer = DropInPrinter(line)
    var count = 0
    _ = try open().dumpConntrack(filter) { entry in
      guard template.matches(entry, .update), let change = FlowTuples.update(template, entry) else {
        return true
      }
      let key = ConntrackKey(entry)
      do {
        try updater.updateConntrack(key, change)
        count += 1
        // conntrack 1.4.7 reads answers without matching them to its questions, and shows too few entries.
        if let changed = try updater.conntrackEntry(key) { try printer.append(changed, hasHeader: false) }
      } catch let error as NetlinkError where error.number == .noSuchEntry {
        return true
      } catch let error as NetlinkError {
        // What cannot be updated does not stop the others; conntrack 1.4.7 counts it as if it had been.
        StandardError.line(DropInFailure(error, .update, .conntrack).message)
      }
      return true
    }
    try printer.finish()
    report(count)
    if count == 0, !isLoading { throw DropInFailure.nothingMatched }
  }

  /// conntrack 1.4.7 sends a family in a form that the kernel passes over, so that `-F -f ipv6` empties IPv4 as
  /// well; and it reports success before it knows.
  private func flush() throws {
    var filter = KernelFilter()
    filter.family = template.family
    try open().flushConntrack(filter, version: 1)
    StandardError.line("\(DropInFailure.prefix)connection tracking table has been emptied.")
  }
}
