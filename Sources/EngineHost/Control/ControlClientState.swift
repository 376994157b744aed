// SPDX-License-Identifier: GPL-3.0-or-later

internal import FlowEngine
private import Glibc
internal import NetlinkWire

/// Netlink's socket options and bounds that the server honours.
enum SocketOption {
  static let addMembership: Int32 = 1
  static let dropMembership: Int32 = 2
  static let noLossError: Int32 = 5
  static let capAcknowledgements: Int32 = 10
  static let extendedAcknowledgements: Int32 = 11
  /// The highest multicast group that has a bit in a client's mask.
  static let maximumGroup: Int32 = 32
}

/// One connection and all that is known about its client.
final class ControlClientState {
  /// What the connection is for, as its first packet says.
  enum Purpose: Equatable { case unopened, netfilter, route, generic }

  struct Outgoing {
    var tag: UInt8
    var content: [UInt8]
    var isEvent = false
  }

  /// Octets of events that wait for a client that has not asked for another size (`net.core.rmem_default`).
  static let defaultEventRoom = 212_992
  /// The most that a client gets.
  static let maximumEventRoom = 64 << 20
  /// Octets of answers that may wait before requests and dumps do.
  static let answerRoom = 256 << 10
  /// What each waiting packet costs besides its content.
  private static let overhead = 64

  let connection: ControlConnection
  var client: ControlClient
  var purpose = Purpose.unopened
  var assembly = DatagramAssembly()
  /// Bit g - 1 for the multicast group g.
  private(set) var groups: UInt32 = 0
  /// A dump under way, whose barrier follows it.
  var dump: ConntrackDump?
  /// The name of the host request that goes on answering.
  var service: String?
  /// What the descriptor is watched for.
  var interest: ReadySet.Interest = .read
  private var eventRoom = ControlClientState.defaultEventRoom
  private var reportsLoss = true
  private var hasLost = false

  private var queue: [Outgoing] = []
  private var head = 0
  private var waitingEvents = 0
  private var waitingAnswers = 0

  init(_ connection: consuming ControlConnection, portID: UInt32) {
    client = ControlClient(portID: portID)
    client.processID = UInt32(bitPattern: connection.process)
    client.processName = connection.processName
    client.takesDumpsInParts = true
    self.connection = connection
  }

  // MARK: Sending

  /// Nothing waits to be sent.
  var isDrained: Bool { head == queue.count }
  /// So many answers wait that requests should.
  var isFull: Bool { waitingAnswers >= Self.answerRoom }

  /// Octets that wait to be sent.
  var queuedOctets: Int { waitingAnswers + waitingEvents }

  func enqueue(_ tag: UInt8, _ content: [UInt8] = []) {
    waitingAnswers += content.count + Self.overhead
    queue.append(Outgoing(tag: tag, content: content))
  }

  /// An event for a group; lost when too many wait.
  func enqueueEvent(_ datagram: [UInt8]) {
    let cost = datagram.count + Self.overhead
    guard waitingEvents + cost <= eventRoom else {
      if !hasLost, reportsLoss {
        queue.append(
          Outgoing(
            tag: ControlAnswerTag.failure, content: ControlPacket.octets(UInt32(bitPattern: ENOBUFS)),
            isEvent: true))
        waitingEvents += Self.overhead
      }
      hasLost = true
      return
    }
    hasLost = false
    waitingEvents += cost
    queue.append(Outgoing(tag: ControlAnswerTag.datagram, content: datagram, isEvent: true))
  }

  /// Sends what waits until the other end takes no more.
  ///
  /// - Returns: false when the connection has ended.
  func flush() -> Bool {
    while head < queue.count {
      switch connection.send(queue[head].tag, queue[head].content) {
      case .done: break
      case .wouldBlock:
        compact()
        return true
      case .closed: return false
      }
      let cost = queue[head].content.count + Self.overhead
      if queue[head].isEvent { waitingEvents -= cost } else { waitingAnswers -= cost }
      queue[head].content = []
      head += 1
    }
    queue.removeAll(keepingCapacity: queue.count <= 1024)
    head = 0
    waitingEvents = 0
    waitingAnswers = 0
    return true
  }

  private func compact() {
    guard head > 1024, head * 2 > queue.count else { return }
    queue.removeSubrange(..<head)
    head = 0
  }

  // MARK: Settings

  func listens(to group: UInt32) -> Bool { (1...32).contains(group) && groups & (1 << (group - 1)) != 0 }

  /// Whether conntrack or expectation events are wanted.
  var listensToConntrack: Bool { groups & 0x3f != 0 }

  /// bind(2): the groups become exactly these, as with the kernel.
  func bind(groups: UInt32) { self.groups = groups }

  /// setsockopt(2) of level SOL_NETLINK; unknown options are passed over.
  func set(_ option: Int32, _ value: Int32) {
    switch option {
    case SocketOption.addMembership where (1...SocketOption.maximumGroup).contains(value):
      groups |= 1 << UInt32(value - 1)
    case SocketOption.dropMembership where (1...SocketOption.maximumGroup).contains(value):
      groups &= ~(1 << UInt32(value - 1))
    case SocketOption.noLossError: reportsLoss = value == 0
    case SocketOption.capAcknowledgements: client.wantsCappedAcknowledgements = value != 0
    case SocketOption.extendedAcknowledgements: client.wantsExtendedAcknowledgements = value != 0
    default: break
    }
  }

  /// SO_RCVBUF, in octets.
  func setReceiveBuffer(_ octets: UInt32) {
    eventRoom = min(max(Int(octets), 4096), Self.maximumEventRoom)
  }
}
