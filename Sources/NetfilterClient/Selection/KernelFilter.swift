package import NetlinkWire
package struct KernelFilter: Sendable { package var family: AddressFamily? = nil; package init() {}
 package var needsNewerKernel: Bool { false }
 package var familyOnly: KernelFilter { self } }
