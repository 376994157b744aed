// SPDX-License-Identifier: GPL-3.0-or-later

/// A change of the ruleset that was refused, resolved to the object it is about.
package struct RulesetRefusal: Error, Equatable, Sendable {
  /// What kind of refusal it is, beyond its errno.
  package enum Kind: Sendable {
    case failed, notPermitted, notSupported
  }

  /// What was tried and on which object, in the user's words.
  package var operation: String
  package var number: ErrorNumber
  /// The kernel's own text from the extended acknowledgement, verbatim.
  package var text: String?
  package var hint: String?
  package var kind: Kind

  package init(
    _ operation: String, _ number: ErrorNumber, text: String? = nil, hint: String? = nil, kind: Kind? = nil
  ) {
    self.operation = operation
    self.number = number
    self.text = text
    self.hint = hint
    self.kind =
      kind ?? (number == .operationNotPermitted || number == .accessDenied ? .notPermitted : .failed)
  }

  /// What to do on a kernel without flowtables.
  package static let noFlowtablesHint =
    "load them with 'modprobe -a nf_flow_table nf_flow_table_inet nft_flow_offload', "
    + "or boot a kernel with CONFIG_NF_FLOW_TABLE, CONFIG_NF_FLOW_TABLE_INET and CONFIG_NFT_FLOW_OFFLOAD"
}
