// SPDX-License-Identifier: GPL-3.0-or-later
private import Glibc
internal import NetlinkWire
private import Synchronization

/// Blocks of received datagrams on their way from a thread that receives to one that reads.
///
/// `@unchecked Sendable`: a slot belongs to the receiver from `vacant` to `filled` and to the reader from `filled`
/// to `vacant`; the count of received blocks and the two semaphores are the only hand-over. This is the one file where
/// threads share memory.
@safe
final class BlockRing: @unchecked Sendable {
  /// The kernel fills at most 32 KiB a datagram in a dump, and looks at this size to decide.
  static let blockSize = 1 << 15
  private static let slots = 16
  /// Blocks that are handed over at once after the first one, so that the reader wakes up less often.
  private static let batch = 8

  private let memory: UnsafeMutableRawPointer
  private let lengths: UnsafeMutablePointer<Int>
  private let filled: UnsafeMutablePointer<sem_t>
  private let vacant: UnsafeMutablePointer<sem_t>
  /// Blocks that the reader may read or has read; `filled` is posted once each time it grows.
  private let received = Atomic<Int>(0)
  private let failure = Mutex<NetlinkError?>(nil)
  private let isCancelled = Atomic<Bool>(false)

  init() {
    unsafe memory = .allocate(byteCount: Self.slots * Self.blockSize, alignment: 64)
    unsafe lengths = .allocate(capacity: Self.slots)
    unsafe filled = .allocate(capacity: 1)
    unsafe vacant = .allocate(capacity: 1)
    unsafe sem_init(filled, 0, 0)
    unsafe sem_init(vacant, 0, UInt32(Self.slots))
  }

  deinit {
    unsafe sem_destroy(filled)
    unsafe sem_destroy(vacant)
    unsafe filled.deallocate()
    unsafe vacant.deallocate()
    unsafe lengths.deallocate()
    unsafe memory.deallocate()
  }

  /// Receives a whole multipart answer on a thread of its own, while `body` reads each block on this one.
  ///
  /// - Parameters:
  ///   - transport: where the answer comes from.
  ///   - body: reads one datagram; returns false when it wants no more.
  /// - Throws: the receiver's ``NetlinkError``, after the blocks before it were read; or what `body` throws.
  func pump(
    from transport: any NetlinkTransport, _ body: (RawSpan) throws -> Bool
  ) throws {
    let work = Work(ring: self, transport: transport)
    var thread = pthread_t()
    let created = unsafe pthread_create(
      &thread, nil,
      { argument in
        // Safe: the argument is the retained box passed below, taken over exactly once.
        guard let argument = unsafe argument else { return nil }
        let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        work.ring.receiveAll(from: work.transport)
        return nil
      }, Unmanaged.passRetained(work).toOpaque())
    guard created == 0 else {
      throw NetlinkError("start a thread", ErrorNumber(rawValue: created))
    }
    defer {
      isCancelled.store(true, ordering: .relaxed)
      unsafe sem_post(vacant)
      pthread_join(thread, nil)
    }
    var read = 0
    while true {
      while received.load(ordering: .acquiring) == read { unsafe wait(filled) }
      let slot = read % Self.slots
      let length = unsafe lengths[slot]
      if length < 0 { break }
      // Safe: the slot is the reader's until it posts `vacant`, and holds `length` octets.
      let block = unsafe RawSpan(_unsafeStart: memory + slot * Self.blockSize, byteCount: length)
      guard try body(block) else { return }
      unsafe sem_post(vacant)
      read += 1
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// What the receiving thread is given.
  private final class Work: Sendable {
    let ring: BlockRing
    let transport: any NetlinkTransport
    init(ring: BlockRing, transport: any NetlinkTransport) {
      self.ring = ring
      self.transport = transport
    }
  }

  private func receiveAll(from transport: any NetlinkTransport) {
    var count = 0
    func handOver() {
      received.store(count, ordering: .releasing)
      unsafe sem_post(filled)
    }
    /// Tells the reader that no block follows, in a slot that is the receiver's.
    func end() {
      unsafe lengths[count % Self.slots] = -1
      count += 1
      handOver()
    }
    var isComplete = false
    while !isComplete {
      unsafe wait(vacant)
      // The reader is gone: there may never be another vacancy to wait for.
      if isCancelled.load(ordering: .relaxed) { return }
      let slot = count % Self.slots
      do {
        // Safe: the slot is the receiver's until it is counted as received.
        var span = unsafe MutableRawSpan(
          _unsafeStart: memory + slot * Self.blockSize, byteCount: Self.blockSize)
        let length = try transport.receive(into: &span)
        unsafe lengths[slot] = length
        let block = unsafe RawSpan(_unsafeStart: memory + slot * Self.blockSize, byteCount: length)
        isComplete = try Self.endsAnswer(block)
      } catch {
        failure.withLock {
          $0 = (error as? NetlinkError) ?? NetlinkError("read a netlink answer", .badMessage)
        }
        return end()
      }
      count += 1
      if count % Self.batch == 1 || isComplete { handOver() }
    }
    unsafe wait(vacant)
    end()
  }

  /// Whether the datagram holds the message that ends a multipart answer.
  private static func endsAnswer(_ block: RawSpan) throws(NetlinkFormatError) -> Bool {
    var messages = NetlinkMessageCursor(block)
    while try messages.advance() {
      if messages.type == NetlinkControlType.done || messages.type == NetlinkControlType.error { return true }
    }
    return false
  }

  private func wait(_ semaphore: UnsafeMutablePointer<sem_t>) {
    while unsafe sem_wait(semaphore) != 0 {}
  }
}
