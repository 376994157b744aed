// SPDX-License-Identifier: GPL-3.0-or-later

package import PacketWire

/// What became of one frame of a batch.
package enum FrameOutcome: Equatable, Sendable, BitwiseCopyable {
  /// Not looked at yet.
  case pending
  /// Rewritten in place; to be sent on the device.
  case forward(UInt32)
  /// Taken by the router: what it sent, if anything, is among its sent frames.
  case taken
}

/// Up to 32 frames that came in on one device, in memory of the batch's own, which the fast path rewrites in place.
///
/// `@safe`: every frame lies inside its slot, which `append` checks; spans never reach beyond it.
@safe
package struct FrameBatch: ~Copyable {
  /// Most frames of a batch.
  package static let capacity = 32
  /// Octets in front of each frame, for headers that are pushed.
  package static let headroom = 64

  /// 32 octets.
  struct Slot: BitwiseCopyable {
    fileprivate var start: UInt32 = 0
    fileprivate var octets: UInt32 = 0
    var outcome = FrameOutcome.pending
    /// What is left to be done to the frame; offsets from where it begins now.
    var offload = VirtioHeader.none
    fileprivate var sent: UInt32 = 0

    /// Where the frame begins in the batch's memory.
    @inline(__always)
    var offset: Int {
      get { Int(start) }
      set { start = UInt32(truncatingIfNeeded: newValue) }
    }
    @inline(__always)
    var length: Int {
      get { Int(octets) }
      set { octets = UInt32(truncatingIfNeeded: newValue) }
    }
    /// How many frames the router had sent before this one was dealt with.
    @inline(__always)
    var sentBefore: Int {
      get { Int(sent) }
      set { sent = UInt32(truncatingIfNeeded: newValue) }
    }

    init() {}

    /// Notes that the frame, of which nothing was left to be done, leaves from `start` on.
    @inline(__always)
    mutating func leave(_ start: Int, _ octets: UInt32, _ output: UInt32, _ sentBefore: Int) {
      offset = start
      self.octets = octets
      outcome = .forward(output)
      self.sentBefore = sentBefore
    }

    @inline(__always)
    init(offset: Int, length: Int, offload: VirtioHeader = .none) {
      self.offload = offload
      self.offset = offset
      self.length = length
    }
  }

  /// The slots, in memory of their own.
  ///
  /// `@safe`: each access checks that there is such a slot.
  @safe
  struct Slots: ~Copyable {
    private let memory: UnsafeMutablePointer<Slot>

    init() {
      unsafe memory = .allocate(capacity: FrameBatch.capacity)
      unsafe memory.initialize(repeating: Slot(), count: FrameBatch.capacity)
    }

    deinit { unsafe memory.deallocate() }

    /// Where the first `count` slots are: valid while this value lives. Traps when there are not so many.
    @inline(__always)
    @unsafe
    func first(_ count: Int) -> UnsafeMutablePointer<Slot> {
      precondition(count >= 0 && count <= FrameBatch.capacity)
      return unsafe memory
    }

    @inline(__always)
    subscript(index: Int) -> Slot {
      unsafeAddress {
        precondition(index >= 0 && index < FrameBatch.capacity)
        return unsafe UnsafePointer(memory + index)
      }
      unsafeMutableAddress {
        precondition(index >= 0 && index < FrameBatch.capacity)
        return unsafe memory + index
      }
    }
  }

  private let memory: UnsafeMutableRawPointer
  /// Octets from one frame to the next, as long as none has been moved.
  let stride: Int
  /// Whether a router has taken the frames in, and may have moved them.
  private var isReceived = false
  /// What the router's stages know of the frames: of the batch's own, as one thread at a time works on a batch.
  let work = BatchWork()
  /// What is known of each frame. Beside the frames, not inside this value, so that a look at one copies one.
  var slots: Slots
  /// Frames in the batch.
  package private(set) var count = 0
  /// Whether something may be left to be done to one of the frames.
  private(set) var hasOffloads = false

  /// An empty batch for frames of up to `largestFrame` octets.
  package init(largestFrame: Int = 1984) {
    slots = Slots()
    // An odd number of cache lines, so that the headers of all frames have room in the first level of the cache together.
    stride = (largestFrame + Self.headroom + 63) / 64 * 64 | 64
    unsafe memory = .allocate(byteCount: stride * Self.capacity, alignment: 64)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: stride * Self.capacity)
  }

  deinit { unsafe memory.deallocate() }

  /// Takes all frames out.
  package mutating func removeAll() {
    count = 0
    isReceived = false
    hasOffloads = false
  }

  /// Takes all frames out and adds `count` of `length` octets each, with nothing left to be done to them, that `fill`
  /// writes: it gets room for all, and how many octets the frames are apart. Traps when they are too many or too large.
  package mutating func refill(
    count: Int, length: Int, _ fill: (inout MutableRawSpan, _ distance: Int) -> Void
  ) {
    precondition(count >= 0 && count <= Self.capacity && length >= 0 && length <= stride - Self.headroom)
    var slot = Slot(offset: Self.headroom, length: length)
    for index in 0..<count {
      slots[index] = slot
      slot.offset &+= stride
    }
    self.count = count
    hasOffloads = false
    isReceived = false
    // All slots lie inside the memory; the span does not outlive the call.
    var span = unsafe MutableRawSpan(
      _unsafeStart: memory + Self.headroom, byteCount: stride * Self.capacity - Self.headroom)
    fill(&span, stride)
  }

  /// Copies a frame in, from its Ethernet header on, with what is left to be done to it. False: the batch is full or
  /// the frame too large.
  @discardableResult
  package mutating func append(_ frame: RawSpan, offload: VirtioHeader = .none) -> Bool {
    append(length: frame.byteCount, offload: offload) { destination in
      for offset in 0..<frame.byteCount {
        destination.storeBytes(of: frame.u8(offset), toByteOffset: offset, as: UInt8.self)
      }
    }
  }

  /// Adds a frame of `length` octets that `fill` writes. False: the batch is full or the frame too large.
  @discardableResult
  package mutating func append(
    length: Int, offload: VirtioHeader = .none, _ fill: (inout MutableRawSpan) -> Void
  ) -> Bool {
    guard count < Self.capacity, length >= 0, length <= stride - Self.headroom else { return false }
    slots[count] = Slot(offset: count * stride + Self.headroom, length: length, offload: offload)
    if !offload.isNone { hasOffloads = true }
    count += 1
    var bytes = frame(count - 1)
    fill(&bytes)
    return true
  }

  /// Adds the frame that `fill` writes, with its virtio-net header in front, into room for the largest. Traps when the batch
  /// is full.
  ///
  /// - Parameter fill: returns how many octets header and frame have; nothing is added when that is less than a header or
  ///   beyond the room.
  /// - Returns: what `fill` returned.
  package mutating func appendWithHeader(_ fill: (inout MutableRawSpan) -> Int) -> Int {
    precondition(count < Self.capacity)
    let offset = count &* stride &+ Self.headroom
    let room = stride &- Self.headroom &+ VirtioHeader.length
    // The slot and its headroom lie inside the memory; the span does not outlive the call.
    var span = unsafe MutableRawSpan(_unsafeStart: memory + (offset - VirtioHeader.length), byteCount: room)
    let length = fill(&span)
    guard (VirtioHeader.length...room).contains(length) else { return length }
    var slot = Slot(offset: offset, length: length &- VirtioHeader.length)
    if let header = VirtioHeader(span.bytes), !header.isNone {
      slot.offload = header
      hasOffloads = true
    }
    slots[count] = slot
    count &+= 1
    return length
  }

  /// The octets of frame `index` as they are put on a device: what is left to be done to it as a virtio-net header, and the
  /// frame. Traps when there is no such frame, or no room for the header in front of it.
  @_lifetime(&self)
  package mutating func withHeader(_ index: Int) -> RawSpan {
    let slot = slots[index]
    precondition(index < count && slot.offset &- VirtioHeader.length >= index &* stride)
    // The slot and its headroom lie inside the memory; the span does not outlive the batch.
    let start = unsafe memory + (slot.offset - VirtioHeader.length)
    let length = slot.length + VirtioHeader.length
    var span = unsafe MutableRawSpan(_unsafeStart: start, byteCount: length)
    slot.offload.store(in: &span)
    return unsafe _overrideLifetime(RawSpan(_unsafeStart: start, byteCount: length), mutating: &self)
  }

  /// Puts a frame that is to leave in the place of frame `index`. False: it is too large for it. Traps when there is no such
  /// frame.
  @inline(__always)
  mutating func replace(
    _ index: Int, with octets: RawSpan, _ offload: VirtioHeader, on device: UInt32
  ) -> Bool {
    precondition(index < count)
    guard octets.byteCount <= stride &- Self.headroom else { return false }
    let offset = index &* stride &+ Self.headroom
    // The slot lies inside the memory and is as large as `stride` says behind its headroom.
    unsafe octets.withUnsafeBytes { source in
      if let first = source.baseAddress {
        unsafe (memory + offset).copyMemory(from: first, byteCount: source.count)
      }
    }
    slots[index].offset = offset
    slots[index].length = octets.byteCount
    slots[index].offload = offload
    slots[index].outcome = .forward(device)
    return true
  }

  /// The octets of frame `index`, from its Ethernet header on. Traps when there is no such frame.
  @inline(__always)
  @_lifetime(&self)
  package mutating func frame(_ index: Int) -> MutableRawSpan {
    precondition(index < count)
    let slot = slots[index]
    // The slot lies inside the memory: `append` keeps it there, and the span does not outlive the batch.
    let span = unsafe MutableRawSpan(_unsafeStart: memory + slot.offset, byteCount: slot.length)
    return unsafe _overrideLifetime(span, mutating: &self)
  }

  /// The headroom and the octets of frame `index`, to be changed in place; the frame begins at ``headroom``. Traps when
  /// there is no such frame, or when it has been moved.
  @inline(__always)
  @_lifetime(&self)
  mutating func frameWithRoom(_ index: Int) -> MutableRawSpan {
    precondition(index < count && slots[index].offset == index &* stride &+ Self.headroom)
    let slot = slots[index]
    // The slot and its headroom lie inside the memory: `append` keeps it there, and the span does not outlive the batch.
    let span = unsafe MutableRawSpan(
      _unsafeStart: memory + (slot.offset - Self.headroom), byteCount: slot.length + Self.headroom)
    return unsafe _overrideLifetime(span, mutating: &self)
  }

  /// The headroom and the octets of frame `index`, to be read. Traps when there is no such frame, or when it has been
  /// moved.
  @inline(__always)
  @_lifetime(borrow self)
  func octetsWithRoom(_ index: Int) -> RawSpan {
    precondition(index < count && slots[index].offset == index &* stride &+ Self.headroom)
    let slot = slots[index]
    // As above; the span does not outlive the borrow of the batch.
    let span = unsafe RawSpan(
      _unsafeStart: memory + (slot.offset - Self.headroom), byteCount: slot.length + Self.headroom)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Where the batch's memory begins: valid while the batch lives.
  @unsafe
  var base: UnsafeMutableRawPointer { @inline(__always) get { unsafe memory } }

  /// Where the first frame is until it is moved, and each other ``stride`` octets after the one before: valid while the batch
  /// lives.
  @unsafe
  var firstFrame: UnsafeMutableRawPointer { @inline(__always) get { unsafe memory + Self.headroom } }

  /// Notes that a router takes the frames in. Traps when one has done so.
  mutating func begin() {
    precondition(!isReceived)
    isReceived = true
  }

  /// Where frame `index` is, valid while the batch lives, and how many octets it has; there is ``headroom`` in front of it.
  /// Traps when there is no such frame, or when it has been moved.
  @inline(__always)
  @unsafe
  func place(_ index: Int) -> (start: UnsafeMutableRawPointer, octets: Int) {
    precondition(index < count && slots[index].offset == index &* stride &+ Self.headroom)
    return unsafe (memory + slots[index].offset, slots[index].length)
  }

  /// Lets frame `index` begin `start` octets after its headroom begins. Traps when that is not inside it.
  @inline(__always)
  mutating func move(_ index: Int, to start: Int) {
    let end = slots[index].offset &+ slots[index].length
    let offset = index &* stride &+ start
    precondition(index < count && start >= 0 && offset <= end)
    if !slots[index].offload.isNone {
      slots[index].offload = slots[index].offload.shifted(by: slots[index].offset &- offset)
    }
    slots[index].offset = offset
    slots[index].length = end &- offset
  }

  /// The octets of frame `index`, to be read. Traps when there is no such frame.
  @inline(__always)
  @_lifetime(borrow self)
  func octets(_ index: Int) -> RawSpan {
    precondition(index < count)
    let slot = slots[index]
    // As above; the span does not outlive the borrow of the batch.
    let span = unsafe RawSpan(_unsafeStart: memory + slot.offset, byteCount: slot.length)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// What is left to be done to frame `index`.
  package func offload(_ index: Int) -> VirtioHeader { slots[index].offload }

  /// What became of frame `index`.
  package func outcome(_ index: Int) -> FrameOutcome { slots[index].outcome }

  /// How many of the frames that the router sent while it dealt with the batch come before frame `index`.
  package func sentBefore(_ index: Int) -> Int { slots[index].sentBefore }

  /// All frames that left while a router took in the batch, in order: those of the batch that it forwards, and `sent`, which it
  /// made itself.
  package func merged(with sent: [SentFrame]) -> [SentFrame] {
    var all: [SentFrame] = []
    var taken = 0
    for position in 0..<count {
      all += sent[taken..<sentBefore(position)]
      taken = sentBefore(position)
      guard case .forward(let device) = outcome(position) else { continue }
      let view = octets(position)
      let bytes = (0..<view.byteCount).map { view.u8($0) }
      all.append(SentFrame(device: device, bytes: bytes, offload: offload(position)))
    }
    return all + sent[taken...]
  }
}
