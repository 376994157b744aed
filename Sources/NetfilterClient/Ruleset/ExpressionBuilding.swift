// SPDX-License-Identifier: GPL-3.0-or-later
internal import CNetfilter
internal import NetlinkWire

extension NFTables.Expression {
  /// A new libnftnl expression; nil for a kind that flow rules never have.
  ///
  /// libnftnl's attribute numbers are not netlink's, and it turns all numbers to network order; data are octets.
  func build() -> OpaquePointer? {
    guard let result = unsafe nftnl_expr_alloc(name) else { return nil }
    func put(_ attribute: Int, _ value: UInt32?) {
      if let value { unsafe nftnl_expr_set_u32(result, UInt16(attribute), value) }
    }
    func put(_ attribute: Int, _ data: NFTables.Data?) {
      guard let octets = data?.octets else { return }
      // Safe: libnftnl copies the octets.
      unsafe octets.withUnsafeBytes {
        _ = unsafe nftnl_expr_set(result, UInt16(attribute), $0.baseAddress, UInt32($0.count))
      }
    }
    func put(_ attribute: Int, _ text: String?) {
      if let text { _ = unsafe nftnl_expr_set_str(result, UInt16(attribute), text) }
    }
    switch self {
    case .meta(let meta):
      put(NFTNL_EXPR_META_KEY, meta.key)
      put(NFTNL_EXPR_META_DREG, meta.destination)
    case .payload(let payload):
      put(NFTNL_EXPR_PAYLOAD_DREG, payload.destination)
      put(NFTNL_EXPR_PAYLOAD_BASE, payload.base)
      put(NFTNL_EXPR_PAYLOAD_OFFSET, payload.offset)
      put(NFTNL_EXPR_PAYLOAD_LEN, payload.length)
    case .conntrack(let key):
      put(NFTNL_EXPR_CT_KEY, key.key)
      put(NFTNL_EXPR_CT_DREG, key.destination)
      if let direction = key.direction {
        unsafe nftnl_expr_set_u8(result, UInt16(NFTNL_EXPR_CT_DIR), direction)
      }
    case .compare(let comparison):
      put(NFTNL_EXPR_CMP_SREG, comparison.source)
      put(NFTNL_EXPR_CMP_OP, comparison.operation)
      put(NFTNL_EXPR_CMP_DATA, comparison.data)
    case .bitwise(let bitwise):
      put(NFTNL_EXPR_BITWISE_SREG, bitwise.source)
      put(NFTNL_EXPR_BITWISE_DREG, bitwise.destination)
      put(NFTNL_EXPR_BITWISE_LEN, bitwise.length)
      put(NFTNL_EXPR_BITWISE_MASK, bitwise.mask)
      put(NFTNL_EXPR_BITWISE_XOR, bitwise.xor)
    case .byteOrder(let order):
      put(NFTNL_EXPR_BYTEORDER_SREG, order.source)
      put(NFTNL_EXPR_BYTEORDER_DREG, order.destination)
      put(NFTNL_EXPR_BYTEORDER_OP, order.operation)
      put(NFTNL_EXPR_BYTEORDER_LEN, order.length)
      put(NFTNL_EXPR_BYTEORDER_SIZE, order.size)
    case .range(let range):
      put(NFTNL_EXPR_RANGE_SREG, range.source)
      put(NFTNL_EXPR_RANGE_OP, range.operation)
      put(NFTNL_EXPR_RANGE_FROM_DATA, range.from)
      put(NFTNL_EXPR_RANGE_TO_DATA, range.to)
    case .lookup(let lookup):
      put(NFTNL_EXPR_LOOKUP_SREG, lookup.source)
      put(NFTNL_EXPR_LOOKUP_SET, lookup.set)
      put(NFTNL_EXPR_LOOKUP_SET_ID, lookup.setID)
      if let flags = lookup.flags, flags != 0 { put(NFTNL_EXPR_LOOKUP_FLAGS, flags) }
    case .counter(let counters):
      if counters != NFTables.Counters() {
        unsafe nftnl_expr_set_u64(result, UInt16(NFTNL_EXPR_CTR_PACKETS), counters.packets)
        unsafe nftnl_expr_set_u64(result, UInt16(NFTNL_EXPR_CTR_BYTES), counters.bytes)
      }
    case .flowOffload(let offload):
      put(NFTNL_EXPR_FLOW_TABLE_NAME, offload.flowtable)
    case .immediate(let immediate):
      put(NFTNL_EXPR_IMM_DREG, immediate.destination)
      if case .verdict(let verdict)? = immediate.data {
        unsafe nftnl_expr_set_u32(result, UInt16(NFTNL_EXPR_IMM_VERDICT), UInt32(bitPattern: verdict.code))
        put(NFTNL_EXPR_IMM_CHAIN, verdict.chain)
      }
    default:
      unsafe nftnl_expr_free(result)
      return nil
    }
    return unsafe result
  }
}
