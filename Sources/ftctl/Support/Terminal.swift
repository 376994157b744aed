// SPDX-License-Identifier: GPL-3.0-or-later
import CNetfilter
import Glibc

/// A terminal that gives each key at once and shows one page at a time; as it was before when this goes.
final class TerminalPage {
  private var settings: termios

  /// nil where standard input or output is no terminal.
  init?() {
    var changed = termios()
    // Nothing is set before it is certain that there is one: else the end of this would write to whatever it is.
    guard isatty(0) == 1, isatty(1) == 1, unsafe tcgetattr(0, &changed) == 0 else { return nil }
    settings = changed
    changed.c_lflag &= ~tcflag_t(ICANON | ECHO)
    unsafe tcsetattr(0, TCSANOW, &changed)
    // The other screen, without the cursor.
    Self.write("\u{1b}[?1049h\u{1b}[?25l")
  }

  deinit {
    Self.write("\u{1b}[?25h\u{1b}[?1049l")
    unsafe tcsetattr(0, TCSANOW, &settings)
  }

  /// Lines of the window.
  var rows: Int {
    var rows: Int32 = 0
    var columns: Int32 = 0
    // Safe: both outlive the call.
    return unsafe ftctl_terminal_size(1, &rows, &columns) == 0 && rows > 4 ? Int(rows) : 24
  }

  /// Empties the page.
  func clear() { Self.write("\u{1b}[H\u{1b}[2J") }

  /// The next key that was pressed, if there is one.
  func key() -> UInt8? {
    var key: UInt8 = 0
    // Safe: read writes at most one octet.
    return unsafe read(0, &key, 1) == 1 ? key : nil
  }

  private static func write(_ text: String) {
    let octets = Array(text.utf8)
    // Safe: the array outlives the call.
    _ = unsafe octets.withUnsafeBytes { unsafe Glibc.write(1, $0.baseAddress, $0.count) }
  }
}
