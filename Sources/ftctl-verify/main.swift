// SPDX-License-Identifier: GPL-3.0-or-later

import EngineHost
import FlowEngine
import Glibc

/// Plays recorded traces: `ftctl-verify FOLDER [--kernel 6.1|6.12|7.2] [--list] [--all] [NAME…]`.
func verify(_ arguments: [String]) -> Int32 {
  var verification = Verification()
  var folder: String?
  var lists = false
  var rest = arguments[...]
  while let argument = rest.popFirst() {
    switch argument {
    case "--kernel":
      guard let name = rest.popFirst(), let generation = KernelGeneration(rawValue: name) else {
        print("--kernel takes one of 6.1, 6.12, 7.2")
        return 2
      }
      verification.generation = generation
    case "--list": lists = true
    case "--all": verification.showsAll = true
    default: if folder == nil { folder = argument } else { verification.names.append(argument) }
    }
  }
  guard let folder else {
    print("usage: ftctl-verify FOLDER [--kernel K] [--list] [--all] [NAME…]")
    return 2
  }
  do throws(TraceError) {
    if lists {
      for file in try verification.files(in: folder) { print(file.name) }
      return 0
    }
    return try verification.run(folder: folder) { print($0) }.isEqual ? 0 : 1
  } catch {
    print(error.description)
    return 1
  }
}

exit(verify(Array(CommandLine.arguments.dropFirst())))
