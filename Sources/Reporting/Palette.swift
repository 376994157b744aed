// SPDX-License-Identifier: GPL-3.0-or-later

/// Terminal colours of the few things that are worth one. Colour never changes the text.
package struct Palette: Sendable {
  package var isActive: Bool
  package var offload: StaticString = "\u{1b}[32m"
  package var assured: StaticString = "\u{1b}[36m"
  package var unreplied: StaticString = "\u{1b}[33m"
  package var heading: StaticString = "\u{1b}[1m"
  package var created: StaticString = "\u{1b}[32m"
  package var destroyed: StaticString = "\u{1b}[31m"
  package var reset: StaticString = "\u{1b}[0m"

  /// Text as it is.
  package static let none = Palette(isActive: false)
  /// ANSI colours.
  package static let ansi = Palette(isActive: true)
}
