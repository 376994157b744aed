// SPDX-License-Identifier: GPL-3.0-or-later

import NetlinkWire

// nfnetlink in, nfnetlink out.
// Source (Linux 7.2): net/netfilter/nfnetlink.c, nfnetlink_rcv; net/netlink/af_netlink.c, netlink_rcv_skb.
extension Router {
  /// Executes one datagram of a client: a batch, or requests one after the other.
  ///
  /// - Parameters:
  ///   - datagram: as received; anything at all.
  ///   - client: who sent it.
  /// - Returns: what goes back to the client, and events for the listeners.
  package func control(_ datagram: RawSpan, from client: ControlClient) -> ControlOutput {
    var output = ControlOutput()
    var messages = NetlinkMessageCursor(datagram)
    var isFirst = true
    while let more = try? messages.advance(), more {
      if isFirst, !client.isPrivileged {
        let refused = ReplyWriter.acknowledgement(
          messages.message, ControlError(ErrorNumber.notPermitted), client)
        output.replies.append(refused)
        return output
      }
      if isFirst, messages.type == NetfilterSubsystem.batchBegin {
        collectCountingSets()
        output = ruleset.handleBatch(datagram, from: client, now: now.nanoseconds)
        adoptRuleset()
        break
      }
      isFirst = false
      let answer = control(
        message: messages.message, messages.type, messages.flags, messages.payload.byteCount, client)
      output.replies += answer.replies
      output.events += answer.events
      if let dump = answer.dump {
        guard output.dump == nil else {
          // Source (Linux 7.2): net/netlink/af_netlink.c, __netlink_dump_start: one dump at a time.
          output.replies.append(
            ReplyWriter.acknowledgement(messages.message, ControlError(ErrorNumber.busy), client))
          continue
        }
        output.dump = dump
      }
    }
    output.events += takeConntrackEvents()
    return output
  }

  /// Executes one message outside a batch.
  private func control(
    message: RawSpan, _ type: UInt16, _ flags: NetlinkFlags, _ length: Int, _ client: ControlClient
  ) -> ControlOutput {
    var output = ControlOutput()
    let isRequest = flags.contains(.request) && type >= NetlinkControlType.firstFamilyType
    guard isRequest, length >= NetfilterHeader.encodedLength else {
      if flags.contains(.acknowledge) { output.replies = [ReplyWriter.acknowledgement(message, nil, client)] }
      return output
    }
    let attributes = RequestAttributes(message, generation)
    if let error = attributes.error {
      output.replies = [ReplyWriter.acknowledgement(message, error, client)]
      return output
    }
    let payload = message.slice(
      NetlinkHeader.encodedLength, attributes.length - NetlinkHeader.encodedLength)
    switch UInt8(truncatingIfNeeded: type >> 8) {
    case NetfilterSubsystem.nfTables:
      collectCountingSets()
      return ruleset.handleRequest(message, payload, from: client, now: now.nanoseconds)
    case NetfilterSubsystem.conntrack:
      return controlConntrack(message, payload, client)
    case NetfilterSubsystem.conntrackExpectations:
      return controlExpectations(message, payload, client)
    default:
      output.replies = [
        ReplyWriter.acknowledgement(message, ControlError(ErrorNumber.invalid), client)
      ]
      return output
    }
  }

  /// Elements that counted connections go once these have gone.
  private func collectCountingSets() {
    guard ruleset.hasCountingSets else { return }
    ruleset.collectConnections(now: now.nanoseconds, TrackedConnections(router: self))
  }

  /// A client's socket was closed: tables that it owned go with it.
  package func clientClosed(portID: UInt32) {
    ruleset.clientClosed(portID: portID)
    adoptRuleset()
  }
}

/// The connections that a router tracks.
private struct TrackedConnections: ConnectionRegistry {
  let router: Router

  func isOpen(_ connection: Tuple) -> Bool { router.isOpen(connection) }
}
