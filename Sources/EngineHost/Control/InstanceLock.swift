// SPDX-License-Identifier: GPL-3.0-or-later

private import CNetfilter
private import Glibc
internal import NetlinkWire

/// What makes a process the one live instance of its name: a lock on a file beside the socket, which the kernel gives up
/// when the process ends in any way, and the listening socket.
struct InstanceLock: ~Copyable {
  let listener: Descriptor
  private let lock: Descriptor
  private let instance: EngineInstance

  /// Makes the folder, takes the lock, and replaces the socket that a dead instance left.
  ///
  /// - Throws: ``HostError``.
  static func take(_ instance: EngineInstance) throws(HostError) -> InstanceLock {
    try makeFolder(instance.folder)
    let lock = try lock(instance)
    unsafe unlink(instance.socketPath)
    let number = unsafe ftctl_control_listen(instance.socketPath)
    guard number >= 0 else { throw HostError("listen at '\(instance.socketPath)'", ftctl_errno()) }
    return InstanceLock(listener: Descriptor(number), lock: lock, instance: instance)
  }

  private init(listener: consuming Descriptor, lock: consuming Descriptor, instance: EngineInstance) {
    self.listener = listener
    self.lock = lock
    self.instance = instance
  }

  deinit {
    unsafe unlink(instance.socketPath)
    unsafe unlink(instance.lockPath)
  }

  private static func makeFolder(_ folder: String) throws(HostError) {
    guard unsafe mkdir(folder, 0o755) != 0 else { return }
    let number = ftctl_errno()
    guard number != EEXIST else { return }
    throw HostError(
      "make the folder '\(folder)'", number,
      hint: number == EACCES || number == EROFS
        ? "set \(EngineInstance.folderVariable) to a folder that you may write to" : nil)
  }

  private static func lock(_ instance: EngineInstance) throws(HostError) -> Descriptor {
    while true {
      let number = unsafe open(instance.lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard number >= 0 else {
        throw HostError(
          "open '\(instance.lockPath)'", ftctl_errno(),
          hint: "set \(EngineInstance.folderVariable) to a folder that you may write to")
      }
      let file = Descriptor(number)
      guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
        var error = HostError(
          "engine instance '\(instance.name)' is already running\(owner(of: number))", ftctl_errno(),
          hint: "choose another name with --instance, or end that one")
        error.isAlreadyRunning = true
        throw error
      }
      // An instance that has just ended may have removed the file that we then locked: only what the path names counts.
      guard names(instance.lockPath, number) else { continue }
      writeOwner(number)
      return file
    }
  }

  /// Whether `path` still names the open file.
  private static func names(_ path: String, _ number: Int32) -> Bool {
    var opened = stat()
    var named = stat()
    // Safe: both outlive the calls.
    guard unsafe fstat(number, &opened) == 0, unsafe stat(path, &named) == 0 else { return false }
    return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }

  private static func writeOwner(_ number: Int32) {
    ftruncate(number, 0)
    let text = Array("\(getpid())\n".utf8)
    // Safe: the array's storage outlives the call.
    _ = unsafe text.withUnsafeBytes { unsafe pwrite(number, $0.baseAddress, $0.count, 0) }
  }

  /// ` (process N)`, as the lock's holder wrote it.
  private static func owner(of number: Int32) -> String {
    var text = [UInt8](repeating: 0, count: 16)
    // Safe: pread writes at most 16 octets.
    let length = unsafe text.withUnsafeMutableBytes { unsafe pread(number, $0.baseAddress, $0.count, 0) }
    let digits = text.prefix(max(0, length)).prefix { (0x30...0x39).contains($0) }
    return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
  }
}
