// SPDX-License-Identifier: GPL-3.0-or-later
private import Glibc

/// What a folder holds.
package enum FolderListing {
  /// The names in `folder` in the file system's order, without `.` and `..`; none when it cannot be read.
  package static func names(_ folder: String) -> [String] {
    // Safe: opendir's result is checked and closed; readdir's entries are copied before the next call.
    guard let directory = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(directory) }
    var result: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { octets in
        unsafe String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { result.append(name) }
    }
    return result
  }
}
