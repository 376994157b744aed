// SPDX-License-Identifier: GPL-3.0-or-later

/// How the elements of a set are searched.
enum SetLayout: UInt8 {
  /// Whole keys, by hash.
  case exact
  /// Boundaries of ranges of one field, sorted as octet strings.
  case intervals
  /// Ranges of concatenated fields, one after the other.
  case ranges
}

/// One set, ready to be searched. Elements are records of `stride` words in ``SetTable``: the key, for
/// ranges its end, the data, then the element's cell + 1, expiry (two words, nanoseconds, 0: never) and
/// flags; those of a ``DynamicSet`` have more.
struct SetHeader: BitwiseCopyable {
  var layout: SetLayout
  /// Octets of the key.
  var keyLength: UInt16
  var dataWords: UInt16 = 0
  var isVerdictMap = false
  /// Whether each key is one word, whole, and elements stay as they are: none has a cell or ends, none comes by a packet, none
  /// catches all.
  var isSimple = false
  var stride: UInt32 = 0
  /// Word at which the elements begin.
  var first: UInt32 = 0
  var count: UInt32 = 0
  /// Word at which the buckets begin (element number + 1), and their number - 1.
  var buckets: UInt32 = 0
  var bucketMask: UInt32 = 0
  /// Word at which the fields' lengths in octets are, and how many fields there are.
  var fields: UInt32 = 0
  var fieldCount: UInt32 = 0
  /// Record of the catch-all element + 1.
  var catchAll: UInt32 = 0

  init(layout: SetLayout, keyLength: UInt16) {
    self.layout = layout
    self.keyLength = keyLength
  }

  var keyWords: Int { (Int(keyLength) + 3) / 4 }
  /// Word of the data inside a record.
  var dataWord: Int { layout == .ranges ? 2 * keyWords : keyWords }
  var cellWord: Int { dataWord + Int(dataWords) }
}

/// All sets of a ruleset in one row of words, rebuilt at each commit. Packets change those of a ``DynamicSet``.
struct SetTable: ~Copyable {
  private(set) var headers = Row<SetHeader>()
  private(set) var words = Row<UInt32>(capacity: 256)
  private let seed: UInt32

  init(seed: UInt32) { self.seed = seed | 1 }

  mutating func removeAll() {
    headers.removeAll()
    words.removeAll()
  }

  /// Two words hold 64 bits, the lower ones first.
  func word64(_ index: Int) -> UInt64 { UInt64(words[index]) | UInt64(words[index + 1]) << 32 }

  mutating func setWord64(_ index: Int, _ value: UInt64) {
    setWord(index, UInt32(truncatingIfNeeded: value))
    setWord(index + 1, UInt32(truncatingIfNeeded: value >> 32))
  }

  mutating func appendWord64(_ value: UInt64) {
    appendWord(UInt32(truncatingIfNeeded: value))
    appendWord(UInt32(truncatingIfNeeded: value >> 32))
  }

  mutating func appendWord(_ word: UInt32) { words.append(word) }
  mutating func setWord(_ index: Int, _ word: UInt32) { words[index] = word }
  mutating func append(_ header: SetHeader) -> UInt32 {
    headers.append(header)
    return UInt32(headers.count - 1)
  }
  mutating func setHeader(_ index: Int, _ header: SetHeader) { headers[index] = header }

  @inline(__always)
  private func mix(_ hash: UInt32, _ word: UInt32) -> UInt32 {
    let sum = (hash ^ word) &* 0x9e37_79b1
    return sum ^ sum >> 15
  }

  /// Hash of a record's key.
  func hash(recordAt record: Int, keyWords: Int) -> UInt32 {
    var hash = seed
    for index in 0..<keyWords { hash = mix(hash, words[record + index]) }
    return hash
  }

  /// The record whose key the registers from `word` on hold, or nil. The registers are only read: of what is not `inout`, a copy
  /// is made for each word.
  func find(_ set: Int, _ registers: inout Registers, _ word: Int, now: UInt64) -> Int? {
    let header = headers[set]
    var found: Int?
    switch header.layout {
    case .exact: found = findExact(header, &registers, word)
    case .intervals: found = findInterval(header, &registers, word)
    case .ranges: found = findRange(header, &registers, word, now: now)
    }
    if let record = found, isAlive(record, header, now: now) { return record }
    guard header.catchAll != 0 else { return nil }
    let record = Int(header.catchAll) - 1
    return isAlive(record, header, now: now) ? record : nil
  }

  /// The record with key `key` of a set that is simple, or -1.
  @inline(__always)
  mutating func findSimple(_ set: Int, _ key: UInt32) -> Int {
    let first = Int(headers[set].first)
    let stride = Int(headers[set].stride)
    let buckets = Int(headers[set].buckets)
    let bucketMask = headers[set].bucketMask
    let key = key & lastWordMask(octets: Int(headers[set].keyLength))
    var bucket = mix(seed, key) & bucketMask
    while true {
      let number = Int(words[buckets &+ Int(bucket)])
      guard number != 0 else { return -1 }
      let record = first &+ (number &- 1) &* stride
      if words[record] == key { return record }
      bucket = (bucket &+ 1) & bucketMask
    }
  }

  func isAlive(_ record: Int, _ header: SetHeader, now: UInt64) -> Bool {
    let expiry = word64(record + header.cellWord + 1)
    return expiry == 0 || expiry > now
  }

  func findExact(_ header: SetHeader, _ registers: inout Registers, _ word: Int) -> Int? {
    guard header.count > 0 else { return nil }
    let keyWords = header.keyWords
    let mask = lastWordMask(octets: Int(header.keyLength))
    var hash = seed
    for index in 0..<keyWords {
      hash = mix(hash, index == keyWords - 1 ? registers[word + index] & mask : registers[word + index])
    }
    var bucket = hash & header.bucketMask
    while true {
      let number = words[Int(header.buckets + bucket)]
      guard number != 0 else { return nil }
      let record = Int(header.first + (number - 1) * header.stride)
      var difference: UInt32 = 0
      for index in 0..<keyWords {
        let bits = registers[word + index] ^ words[record + index]
        difference |= index == keyWords - 1 ? bits & mask : bits
      }
      if difference == 0 { return record }
      bucket = (bucket + 1) & header.bucketMask
    }
  }

  /// The last boundary that is not above the key, if it begins a range.
  private func findInterval(_ header: SetHeader, _ registers: inout Registers, _ word: Int) -> Int? {
    var low: UInt32 = 0
    var high = header.count
    while low < high {
      let middle = (low + high) / 2
      let record = Int(header.first + middle * header.stride)
      if compare(record, &registers, word, octets: Int(header.keyLength)) <= 0 {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low > 0 else { return nil }
    let record = Int(header.first + (low - 1) * header.stride)
    return words[record + header.cellWord + 3] & 1 == 0 ? record : nil
  }

  private func findRange(
    _ header: SetHeader, _ registers: inout Registers, _ word: Int, now: UInt64
  ) -> Int? {
    for number in 0..<header.count {
      let record = Int(header.first + number * header.stride)
      var place = 0
      var matches = true
      for field in 0..<Int(header.fieldCount) where matches {
        let octets = Int(words[Int(header.fields) + field])
        let first = compare(record + place, &registers, word + place, octets: octets)
        let last = compare(record + header.keyWords + place, &registers, word + place, octets: octets)
        matches = first <= 0 && last >= 0
        place += (octets + 3) / 4
      }
      if matches, isAlive(record, header, now: now) { return record }
    }
    return nil
  }

  /// Compares octet strings of the table and of the registers: negative, zero or positive.
  private func compare(_ place: Int, _ registers: inout Registers, _ word: Int, octets: Int) -> Int {
    let count = (octets + 3) / 4
    for index in 0..<count {
      let mask = index == count - 1 ? lastWordMask(octets: octets) : 0xffff_ffff
      let ours = (words[place + index] & mask).byteSwapped
      let theirs = (registers[word + index] & mask).byteSwapped
      if ours != theirs { return ours < theirs ? -1 : 1 }
    }
    return 0
  }
}
