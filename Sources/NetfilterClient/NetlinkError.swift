// SPDX-License-Identifier: GPL-3.0-or-later
internal import CNetfilter
private import Glibc

/// A number of errno(3), positive.
package struct ErrorNumber: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }

  package static let operationNotPermitted = ErrorNumber(rawValue: EPERM)
  package static let accessDenied = ErrorNumber(rawValue: EACCES)
  package static let noSuchEntry = ErrorNumber(rawValue: ENOENT)
  package static let interrupted = ErrorNumber(rawValue: EINTR)
  package static let crossDevice = ErrorNumber(rawValue: EXDEV)
  package static let exists = ErrorNumber(rawValue: EEXIST)
  package static let invalid = ErrorNumber(rawValue: EINVAL)
  package static let noBufferSpace = ErrorNumber(rawValue: ENOBUFS)
  package static let notSupported = ErrorNumber(rawValue: EOPNOTSUPP)
  package static let protocolNotSupported = ErrorNumber(rawValue: EPROTONOSUPPORT)
  package static let familyNotSupported = ErrorNumber(rawValue: EAFNOSUPPORT)
  package static let wouldBlock = ErrorNumber(rawValue: EAGAIN)
  package static let badMessage = ErrorNumber(rawValue: EBADMSG)
  package static let noMemory = ErrorNumber(rawValue: ENOMEM)
  package static let busy = ErrorNumber(rawValue: EBUSY)
  package static let noSpace = ErrorNumber(rawValue: ENOSPC)
  package static let timerExpired = ErrorNumber(rawValue: ETIME)

  /// What errno holds now; read it at once, for any later call may overwrite it.
  package static var current: ErrorNumber { ErrorNumber(rawValue: ftctl_errno()) }

  /// The C library's text, as perror(3) prints it.
  package var text: String {
    var buffer = [CChar](repeating: 0, count: 256)
    // Safe: strerror_r writes at most `count` octets, the last of them NUL.
    unsafe buffer.withUnsafeMutableBufferPointer { memory in
      if let base = memory.baseAddress { _ = unsafe strerror_r(rawValue, base, memory.count) }
    }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The text and, in parentheses, the symbol.
  package var explanation: String { symbol.isEmpty ? text : "\(text) (\(symbol))" }

  /// The symbol, such as `EPERM`; empty for a number without one.
  package var symbol: String {
    // Safe: it returns a string constant or a null pointer.
    guard let name = unsafe ftctl_errno_name(rawValue) else { return "" }
    return unsafe String(cString: name)
  }
}

/// A request that the kernel, or an engine in its place, refused, or that never got there.
package struct NetlinkError: Error, Equatable, Sendable {
  /// What was tried and on which object, in the user's words: "list conntrack entries".
  package var operation: String
  package var number: ErrorNumber
  /// The kernel's own text from the extended acknowledgement, verbatim.
  package var text: String?
  /// What to do about it, where that is known.
  package var hint: String?

  package init(_ operation: String, _ number: ErrorNumber, text: String? = nil, hint: String? = nil) {
    self.operation = operation
    self.number = number
    self.text = text
    self.hint = hint
  }
}

/// Calls `body` until no signal interrupts it; any other failure (a result of -1) throws its errno.
package func retryingInterrupts<Result: FixedWidthInteger>(
  _ operation: @autoclosure () -> String, _ body: () -> Result
) throws(NetlinkError) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    let number = ErrorNumber.current
    if number != .interrupted { throw NetlinkError(operation(), number) }
  }
}
