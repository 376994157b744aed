// SPDX-License-Identifier: GPL-3.0-or-later
import NetlinkWire

/// `-h`: conntrack(8)'s options in words of our own. That tool's help leaves out -A and -R and names an option twice.
enum DropInUsage {
  private static let text = """
    conntrack v1.4.7 (conntrack-tools), spoken by ftctl
    Usage: conntrack COMMAND [TABLE] [OPTIONS]

    Commands:
      -L, --dump [table]        list entries
      -G, --get [table]         show one entry
      -D, --delete [table]      delete entries
      -I, --create [table]      create an entry
      -A, --add                 create an entry unless it is there
      -U, --update              change entries
      -E, --event [table]       print events until interrupted
      -F, --flush [table]       empty the table
      -C, --counter [table]     print the number of entries
      -S, --stats [table]       print counters of each CPU
      -R, --load-file FILE      carry out the commands in FILE, or on standard input for -
      -V, --version             print the version
      -h, --help [-p PROTO]     print this, and the options of a protocol

    Tables: conntrack (default), expect; with -L also dying, unconfirmed

    Options:
      -s, --src, --orig-src IP[/LEN]     source in the original direction
      -d, --dst, --orig-dst IP[/LEN]     destination in the original direction
      -r, --reply-src IP                 source in the reply direction
      -q, --reply-dst IP                 destination in the reply direction
      -p, --protonum PROTO               layer 4 protocol, by name or number
      -f, --family ipv4|ipv6             address family
      -t, --timeout SECONDS              time until the entry expires
      -u, --status STATUS[,...]          ASSURED, SEEN_REPLY, FIXED_TIMEOUT, EXPECTED, OFFLOAD, HW_OFFLOAD,
                                         UNREPLIED, UNSET; !STATUS selects entries without it
      -m, --mark VALUE[/MASK]            mark
      -c, --secmark VALUE                security mark
      -l, --label NAME[,...]             labels that entries must have
          --label-add NAME[,...]         labels to set
          --label-del [NAME[,...]]       labels to clear, all without an argument
      -n, --src-nat [IP[:PORT]]          translated source
      -g, --dst-nat [IP[:PORT]]          translated destination
      -j, --any-nat [IP[:PORT]]          either translated
      -i, --id ID                        the kernel's identifier
      -w, --zone ZONE                    zone of both directions
          --orig-zone ZONE               zone of the original direction
          --reply-zone ZONE              zone of the reply direction
          --mask-src IP, --mask-dst IP   bits of -s and -d that count
          --tuple-src IP, --tuple-dst IP what an expectation expects
      -e, --event-mask EVENT[,...]       ALL, NEW, UPDATES, DESTROY
      -o, --output TYPE[,...]            xml, extended, timestamp, id, ktimestamp, labels, userspace; or save
      -b, --buffer-size OCTETS           receive buffer for events
      -z, --zero                         set counters to zero while listing
    """

  /// Prints the help, and the options of a protocol where there is one.
  static func write(for layer4: UInt8?) {
    print(text)
    guard let layer4 else { return }
    let names = Layer4Module(layer4).forms.map { "      --\($0.name)" }
    guard !names.isEmpty else { return }
    print("\nOptions of \(Layer4Protocol.name(of: layer4)):\n\(names.joined(separator: "\n"))")
  }
}
