// SPDX-License-Identifier: GPL-3.0-or-later

/// A set to which packets add elements, or whose elements have to be looked after.
///
/// Its records have more words behind the flags: see ``SetHeader/ExtraWord``.
struct DynamicSet: BitwiseCopyable {
  /// Elements that packets may add to a set of whatever size, so that all words of the table can be numbered.
  static let mostElements: UInt32 = 1 << 24

  /// Number in ``SetTable``.
  var set: UInt32
  /// Where it is in the model: its table and its place there.
  var table: UInt32
  var place: UInt32
  /// Records for which there is room, and the greatest number of elements.
  var capacity: UInt32
  var limit: UInt32
  /// Milliseconds that an element lives when nothing else is said; 0 for ever.
  var timeout: UInt64
  /// Nanoseconds between two looks for elements whose time is up, and when the last was (0: never).
  var interval: UInt64
  var collected: UInt64 = 0
  /// Whether elements may count connections.
  var countsConnections: Bool
  /// Whether a packet has changed something since the model was told.
  var isChanged = false
}

/// A `dynset` expression.
struct DynamicStatement: BitwiseCopyable {
  /// Number in ``Program/dynamicSets``.
  var target: UInt32
  /// Milliseconds; 0 for the set's own.
  var timeout: UInt64
  /// The first of the cells in ``Program/prototypes`` that a new element gets, and how many there are.
  var firstPrototype: UInt32
  var prototypeCount: UInt32
}

extension SetHeader {
  /// What the records of a ``DynamicSet`` have more, by its place behind the element's cell.
  enum ExtraWord {
    /// Milliseconds that the element lives, two words; 0 for ever.
    static let timeout = 4
    /// The element's first cell + 1, where ``SetHeader/cellWord`` is to have none because lookups could not run it.
    static let cell = 6
    /// Number of the statement that made the element + 1; 0 for one that the model has.
    static let statement = 7
    /// Place of the element in the model + 1; 0 for one that a packet made.
    static let place = 8
    /// Words of a record from the cell on.
    static let count = 9
  }
}

// Changes at packet time, to sets of whole keys.
extension SetTable {
  /// The first cell of a record of a dynamic set + 1, or 0.
  func chain(of record: Int, _ header: SetHeader) -> UInt32 {
    words[record + header.cellWord] | words[record + header.cellWord + SetHeader.ExtraWord.cell]
  }

  /// Makes room for twice as many records, behind all that there is. The room that they had is lost until the table is built
  /// anew.
  mutating func grow(_ set: Int, to capacity: UInt32) {
    var header = headers[set]
    let old = Int(header.first)
    header.first = UInt32(words.count)
    let used = Int(header.count * header.stride)
    for index in 0..<used { appendWord(words[old + index]) }
    for _ in used..<Int(capacity * header.stride) { appendWord(0) }
    appendBuckets(&header, capacity: capacity)
    setHeader(set, header)
  }

  /// Appends buckets for `capacity` records, and puts those that there are into them.
  mutating func appendBuckets(_ header: inout SetHeader, capacity: UInt32) {
    var size: UInt32 = 4
    while size < capacity * 2 { size *= 2 }
    header.buckets = UInt32(words.count)
    header.bucketMask = size - 1
    for _ in 0..<size { appendWord(0) }
    for number in 0..<header.count { enter(number, header) }
  }

  /// Puts the record `number` into its bucket.
  private mutating func enter(_ number: UInt32, _ header: SetHeader) {
    let record = Int(header.first + number * header.stride)
    var bucket = hash(recordAt: record, keyWords: header.keyWords) & header.bucketMask
    while words[Int(header.buckets + bucket)] != 0 { bucket = (bucket + 1) & header.bucketMask }
    setWord(Int(header.buckets + bucket), number + 1)
  }

  /// Appends a record with the key that the registers from `word` on hold, and zeros; there must be room, and no such key.
  mutating func insert(_ set: Int, _ registers: inout Registers, _ word: Int) -> Int {
    var header = headers[set]
    let record = Int(header.first + header.count * header.stride)
    for index in 0..<Int(header.stride) { setWord(record + index, 0) }
    copy(&registers, word, to: record, octets: Int(header.keyLength))
    enter(header.count, header)
    header.count += 1
    setHeader(set, header)
    return record
  }

  /// Copies octets of registers to the words from `place` on, with zeros up to the last word's end.
  mutating func copy(_ registers: inout Registers, _ word: Int, to place: Int, octets: Int) {
    let count = (octets + 3) / 4
    for index in 0..<count {
      let mask = index == count - 1 ? lastWordMask(octets: octets) : 0xffff_ffff
      setWord(place + index, registers[word + index] & mask)
    }
  }

  /// Takes out a record; the last one takes its place.
  mutating func remove(_ set: Int, record: Int) {
    var header = headers[set]
    let number = UInt32((record - Int(header.first)) / Int(header.stride))
    empty(bucket(of: number, header), header)
    header.count -= 1
    if number != header.count {
      let last = Int(header.first + header.count * header.stride)
      let place = bucket(of: header.count, header)
      for index in 0..<Int(header.stride) { setWord(record + index, words[last + index]) }
      setWord(Int(header.buckets + place), number + 1)
    }
    setHeader(set, header)
  }

  /// The bucket in which the record `number` is.
  private func bucket(of number: UInt32, _ header: SetHeader) -> UInt32 {
    let record = Int(header.first + number * header.stride)
    var bucket = hash(recordAt: record, keyWords: header.keyWords) & header.bucketMask
    while words[Int(header.buckets + bucket)] != number + 1 { bucket = (bucket + 1) & header.bucketMask }
    return bucket
  }

  /// Empties a bucket, and moves up those behind it that would not be found any more.
  private mutating func empty(_ bucket: UInt32, _ header: SetHeader) {
    var hole = bucket
    var next = bucket
    while true {
      next = (next + 1) & header.bucketMask
      let number = words[Int(header.buckets + next)]
      guard number != 0 else { break }
      let record = Int(header.first + (number - 1) * header.stride)
      let home = hash(recordAt: record, keyWords: header.keyWords) & header.bucketMask
      // It may stay when its home lies behind the hole.
      if (next &- home) & header.bucketMask < (next &- hole) & header.bucketMask { continue }
      setWord(Int(header.buckets + hole), number)
      hole = next
    }
    setWord(Int(header.buckets + hole), 0)
  }
}
