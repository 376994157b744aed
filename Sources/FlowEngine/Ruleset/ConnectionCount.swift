// SPDX-License-Identifier: GPL-3.0-or-later

/// Who knows of connections whether they are open.
package protocol ConnectionRegistry: ~Copyable, ~Escapable {
  /// Whether a confirmed, live entry has `connection` as one of its tuples and is not over: a TCP connection in TIME_WAIT or
  /// CLOSE is.
  ///
  /// Source (Linux 7.2): net/netfilter/nf_conncount.c, find_or_evict, already_closed.
  func isOpen(_ connection: Tuple) -> Bool
}

/// A connection that `connlimit` has met.
struct CountedConnection: BitwiseCopyable {
  /// Of the original direction, in its zone.
  var tuple: Tuple
  /// Number of the next one of its list + 1, 0 behind the last.
  var next: UInt32
}

/// The lists of connections of all `connlimit` expressions, in one row. A list's first and last number + 1 and its length
/// are in its ``StateCell``.
struct ConnectionLists: ~Copyable {
  private var rows = Row<CountedConnection>()
  /// The first of those that are free, + 1.
  private var free: UInt32 = 0

  init() {}

  /// Puts a connection behind the others of a list.
  mutating func append(_ tuple: Tuple, to cell: inout StateCell) {
    let connection = CountedConnection(tuple: tuple, next: 0)
    var number = free
    if number != 0 {
      free = rows[Int(number) - 1].next
      rows[Int(number) - 1] = connection
    } else {
      rows.append(connection)
      number = UInt32(rows.count)
    }
    if cell.a == 0 { cell.a = UInt64(number) } else { rows[Int(cell.d) - 1].next = number }
    cell.d = UInt64(number)
    cell.b += 1
  }

  /// Goes through a list, oldest first, up to `own`, and takes out what is over.
  ///
  /// - Parameters:
  ///   - own: where to stop, if it is open; nil for the whole list.
  ///   - cell: of the list.
  ///   - registry: knows what is open.
  /// - Returns: whether `own` is in the list.
  mutating func collect<Registry: ConnectionRegistry & ~Copyable & ~Escapable>(
    upTo own: Tuple?, of cell: inout StateCell, _ registry: borrowing Registry
  ) -> Bool {
    var previous: UInt32 = 0
    var current = UInt32(truncatingIfNeeded: cell.a)
    while current != 0 {
      let connection = rows[Int(current) - 1]
      if registry.isOpen(connection.tuple) {
        if let own, own == connection.tuple { return true }
        previous = current
      } else {
        if previous == 0 {
          cell.a = UInt64(connection.next)
        } else {
          rows[Int(previous) - 1].next = connection.next
        }
        if connection.next == 0 { cell.d = UInt64(previous) }
        cell.b -= 1
        rows[Int(current) - 1].next = free
        free = current
      }
      current = connection.next
    }
    return false
  }

  /// Frees a list.
  mutating func removeAll(of cell: inout StateCell) {
    while cell.a != 0 {
      let number = UInt32(truncatingIfNeeded: cell.a)
      cell.a = UInt64(rows[Int(number) - 1].next)
      rows[Int(number) - 1].next = free
      free = number
    }
    cell.b = 0
    cell.d = 0
  }
}

extension StateStore {
  /// `connlimit`: counts the packet's connection with those of the list.
  ///
  /// A packet whose connection is in the list looks at none behind it: one that was refused is counted until the next new one
  /// comes. Linux 6.1 takes unconfirmed connections into the list only, and looks at all for packets of others; the newer ones
  /// count those that were there before the rule.
  ///
  /// Source (Linux 7.2): nft_connlimit.c, nft_connlimit_do_eval; nf_conncount.c, __nf_conncount_add, nf_conncount_gc_list.
  @inline(never)
  mutating func countConnection<Environment: RuleEnvironment & ~Copyable & ~Escapable>(
    _ number: UInt32, _ kernel: KernelGeneration, _ environment: borrowing Environment
  ) -> StepOutcome {
    guard let own = environment.connection() else { return .drop }
    var cell = self[number]
    let isTaken = !own.isConfirmed || kernel >= .linux612
    let isFound = lists.collect(upTo: isTaken ? own.tuple : nil, of: &cell, environment)
    if isTaken, !isFound { lists.append(own.tuple, to: &cell) }
    self[number] = cell
    return (cell.b > cell.c) == cell.isInverted ? .next : .leaveRule
  }

  /// Takes what is over out of the list of the cell `number`; whether the list is empty then.
  mutating func collectConnections<Registry: ConnectionRegistry & ~Copyable & ~Escapable>(
    _ number: UInt32, _ registry: borrowing Registry
  ) -> Bool {
    var cell = self[number]
    _ = lists.collect(upTo: nil, of: &cell, registry)
    self[number] = cell
    return cell.b == 0
  }
}
