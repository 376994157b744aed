// SPDX-License-Identifier: GPL-3.0-or-later
import ArgumentParser
import Glibc
import JSONDocument
import NetfilterClient
import NetlinkWire
import Reporting

struct ApplyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Make flowtables and flow rules as a file describes them",
    discussion: """
      The file is what export writes: tables, flowtables and chains with flow rules in nft syntax, or JSON in the schema \
      of libnftables-json. Prints each difference and changes with one batch what differs, nothing else; the second \
      time nothing does. Flowtables and flow rules of the file's tables that it does not describe are deleted; other \
      rules, chains and tables are left alone.

      EXAMPLES:
        ftctl export > fast.nft; ftctl apply fast.nft
        ftctl apply --check fast.nft || echo 'the router is not as described'
        ftctl export -j | ftctl --netns lab apply -
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  @Argument(help: ArgumentHelp("The file; - is standard input", valueName: "file"), completion: .file())
  var file: String

  @Flag(help: "Change nothing; status 1 when there is a difference")
  var check = false

  @Flag(help: "Delete flowtables and flow rules of tables that the file does not name, too")
  var exclusive = false

  func run() throws {
    let text = try SystemFile.contents(file)
    let wanted: RulesetFile
    do throws(SelectionError) {
      wanted = try RulesetParser.parse(text)
    } catch {
      throw CommandFailure(.usage, "\(file == "-" ? "standard input" : file): \(error.message)")
    }
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    try editor.requireFlowtables(for: "apply '\(file)'")
    var difference: RulesetDifference?
    if check {
      let found = try RulesetDifference(
        from: try editor.session.ruleset(), to: wanted, isExclusive: exclusive)
      try RulesetEditor.requireWords(found.newNames)
      difference = found
    } else {
      try editor.change { ruleset in
        let found = try RulesetDifference(from: ruleset, to: wanted, isExclusive: exclusive)
        try RulesetEditor.requireWords(found.newNames)
        difference = found
        return found.transaction
      }
    }
    let lines = difference?.lines ?? []
    var buffer = OutputBuffer()
    for line in lines { buffer.append(text: FlowtableListing.oneLine(line) + "\n") }
    try StandardOutput.flush(&buffer)
    for rule in difference?.skipped ?? [] {
      StandardError.report("left alone, for no file can describe it: \(FlowtableListing.oneLine(rule))")
    }
    let count = "\(lines.count) difference\(lines.count == 1 ? "" : "s")"
    if lines.isEmpty {
      StandardError.report("nothing to change")
    } else if check {
      throw CommandFailure(
        .failed, "\(count) found", hint: "'ftctl apply' without --check changes what differs")
    } else {
      StandardError.report("\(count) applied")
    }
  }
}

/// The forms of a description of flowtables and rules.
enum ExportForms: OutputForms {
  static let formats: [OutputFormat] = [.line, .json]
}

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write flowtables and flow rules in the form that apply reads",
    discussion: """
      In nft syntax, or with -j in the schema of libnftables-json. A rule that no file can describe is left out, and \
      said on stderr; the status is then 1.

      EXAMPLES:
        ftctl export > fast.nft
        ftctl export inet filter -j
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions
  @OptionGroup(title: "Output") var output: OutputOptions<ExportForms>

  @Argument(
    help: ArgumentHelp("Only those of this family and table", valueName: "family [table]"),
    completion: .custom { words, index, _ in LiveValues.flowtableWords(words, index) })
  var words: [String] = []

  func run() throws {
    let choice = try output.choice()
    guard words.count <= 2 else { throw CommandFailure(.usage, "export takes a family and a table at most") }
    let family = try words.first.map(RulesetEditor.flowtableFamily)
    try global.enterNamespace()
    let editor = RulesetEditor(session: try global.session())
    let ruleset = try editor.session.ruleset()
    try editor.requireFlowtables(for: "export flowtables", in: ruleset)
    try RulesetEditor.requirePlace(words, for: "export flowtables", in: ruleset)
    var file = RulesetFile(ruleset)
    file.tables.removeAll { table in
      (family ?? table.family) != table.family || words.count > 1 && words[1] != table.name
    }
    var isWhole = true
    for table in file.tables.indices {
      for chain in file.tables[table].chains.indices {
        for rule in file.tables[table].chains[chain].rules where rule.unknownPart != nil {
          isWhole = false
          StandardError.report(
            "left out, for it cannot be described: \(FlowtableListing.oneLine(rule.text)) of chain "
              + "\(file.tables[table].chains[chain].name) in \(file.tables[table].name)")
        }
        file.tables[table].chains[chain].rules.removeAll { $0.unknownPart != nil }
      }
    }
    if choice.format == .line {
      for name in file.names where !RulesetText.isWord(name) {
        StandardError.report(
          "nft cannot read the name \(SelectionError.quoted(name)): only 'ftctl apply' can")
      }
    }
    var buffer = OutputBuffer()
    buffer.append(text: choice.format == .json ? file.json.description + "\n" : file.text)
    try StandardOutput.flush(&buffer)
    if !isWhole { throw CommandFailure(.failed, "") }
  }
}
