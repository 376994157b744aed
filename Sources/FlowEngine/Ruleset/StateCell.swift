// SPDX-License-Identifier: GPL-3.0-or-later

/// State that outlives a packet: of a stateful expression, a named object or a chain's counter.
struct StateCell: BitwiseCopyable {
  enum Kind: UInt8 {
    case free
    /// packets, bytes.
    case counter
    /// consumed, allowed.
    case quota
    /// tokens, time of the last update, greatest number of tokens, cost of a packet, nanoseconds of a unit,
    /// rate.
    case limit
    /// time of the last packet (nanoseconds), whether there was one.
    case last
    /// number of the next packet.
    case number
    /// name (high, low), layer 4 protocol. From here on, a cell needs more than the packet's length and the time.
    case helper
    /// first connection of the list + 1, number of connections, greatest number, last connection + 1. Inverted: more match.
    case connections
    /// An object that is kept and listed, and does nothing to packets.
    case inert
  }

  var kind: Kind = .free
  /// The expression's sense is inverted.
  var isInverted = false
  /// Limits: octets are counted, not packets.
  var countsBytes = false
  /// The cell to run after this one, plus one; 0 when there is none.
  var next: UInt32 = 0
  var a: UInt64 = 0
  var b: UInt64 = 0
  var c: UInt64 = 0
  var d: UInt64 = 0
  var e: UInt64 = 0
  var f: UInt64 = 0

  init(_ kind: Kind) { self.kind = kind }
}

extension StateCell {
  /// Counts a packet.
  ///
  /// - Parameters:
  ///   - byteCount: octets from the network header on.
  ///   - now: monotonic nanoseconds.
  /// - Returns: false when the rule stops here.
  /// Source (Linux 7.2): nft_counter.c, nft_quota.c, nft_limit.c, nft_last.c.
  @inline(__always)
  mutating func count(byteCount: Int, now: UInt64) -> Bool {
    switch kind {
    case .counter:
      a &+= 1
      b &+= UInt64(byteCount)
      return true
    case .quota:
      a &+= UInt64(byteCount)
      return (a > b) == isInverted
    case .limit:
      return takeTokens(byteCount: byteCount, now: now) != isInverted
    case .last:
      a = now
      b = 1
      return true
    case .free, .number, .helper, .connections, .inert:
      return true
    }
  }

  /// True when the packet stays within the limit.
  private mutating func takeTokens(byteCount: Int, now: UInt64) -> Bool {
    let elapsed = now > b ? now - b : 0
    let (sum, overflow) = a.addingReportingOverflow(elapsed)
    let tokens = min(overflow ? .max : sum, c)
    let cost: UInt64
    if countsBytes {
      let (product, tooMuch) = e.multipliedReportingOverflow(by: UInt64(byteCount))
      cost = tooMuch ? .max : product / f
    } else {
      cost = d
    }
    b = now
    guard tokens >= cost else {
      a = tokens
      return false
    }
    a = tokens - cost
    return true
  }
}

/// The cells of a ruleset, by number.
struct StateStore: ~Copyable {
  private var cells = Row<StateCell>(capacity: 64)
  private var free: [UInt32] = []
  /// Of the cells that count connections.
  var lists = ConnectionLists()

  init() {}

  var count: Int { cells.count }

  @inline(__always)
  subscript(_ number: UInt32) -> StateCell {
    _read { yield cells[Int(number)] }
    _modify { yield &cells[Int(number)] }
  }

  mutating func add(_ cell: StateCell) -> UInt32 {
    if let number = free.popLast() {
      cells[Int(number)] = cell
      return number
    }
    cells.append(cell)
    return UInt32(cells.count - 1)
  }

  /// Frees every cell that is not in `used`.
  mutating func keep(_ used: [Bool]) {
    free.removeAll(keepingCapacity: true)
    for number in 0..<cells.count where number >= used.count || !used[number] {
      if cells[number].kind == .connections { lists.removeAll(of: &cells[number]) }
      cells[number] = StateCell(.free)
      free.append(UInt32(number))
    }
  }

  /// Frees the cells from `chain` - 1 on, each linked behind the one before; none for 0.
  mutating func removeChain(_ chain: UInt32) {
    var chain = chain
    while chain != 0 {
      let number = chain - 1
      chain = cells[Int(number)].next
      if cells[Int(number)].kind == .connections { lists.removeAll(of: &cells[Int(number)]) }
      cells[Int(number)] = StateCell(.free)
      free.append(number)
    }
  }

  /// Runs the cell `number` and those linked behind it; false when the rule stops there.
  @inline(__always)
  mutating func run(_ number: UInt32, byteCount: Int, now: UInt64) -> Bool {
    var current = number
    while true {
      guard cells[Int(current)].count(byteCount: byteCount, now: now) else { return false }
      let next = cells[Int(current)].next
      guard next != 0 else { return true }
      current = next - 1
    }
  }
}
