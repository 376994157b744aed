// SPDX-License-Identifier: GPL-3.0-or-later
import NetfilterClient
import TestSupport
import Testing

@Suite(
  "Words of nft's language",
  .enabled(if: LiveNamespace.isPossible, Comment(rawValue: Machine.lacksForNamespaces ?? "")))
struct RulesetKeywordTests {
  /// Those of these words that nft refuses as the name of a table, of a flowtable or of a chain.
  private func refused(_ words: some Sequence<String>) throws -> Set<String> {
    let namespace = try #require(LiveNamespace())
    let script = """
      while read -r word; do
        for text in "table ip $word {\n}" "table ip t {\nflowtable $word {\nhook ingress priority 0\n}\n}" \\
          "table ip t {\nchain $word {\n}\n}" "table ip t {\nchain c {\nflow add @$word\n}\n}"; do
          printf "$text\\n" | nft -c -f - 2>&1 | grep -q 'syntax error' && { echo "$word"; break; }
        done
      done
      """
    let result = namespace.run(["bash", "-c", script], input: words.map { $0 + "\n" }.joined())
    return Set(result.lines.map(String.init))
  }

  @Test("nft refuses them as names, but for those of later releases, and takes other words")
  func keywords() throws {
    let later: Set = ["destroy", "geneve", "gre", "gretap", "tunnel", "vni", "vxlan"]
    #expect(RulesetText.keywords.subtracting(try refused(RulesetText.keywords)).subtracting(later) == [])
    let names = [
      "x", "y", "f", "filter", "nat", "forward", "fast", "input", "TABLE", "table1", "_ip", "ip-a",
    ]
    #expect(try refused(names) == [])
    for name in names { #expect(RulesetText.isWord(name)) }
    for word in RulesetText.keywords { #expect(!RulesetText.isWord(word)) }
  }
}
