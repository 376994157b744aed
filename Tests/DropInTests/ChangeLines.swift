// SPDX-License-Identifier: GPL-3.0-or-later

extension CommandLines {
  /// Ways to describe a new entry.
  static let creations = CommandLines(
    #"""
    -I -r 10.2.12.1 -q 10.2.12.2 -p udp --reply-port-src 1 --reply-port-dst 2 -t 100
    -I -s 10.2.13.1 -d 10.2.13.2 -r 10.2.13.2 -p udp --sport 1 --dport 2 -t 100
    -I -s 10.2.14.1 -d 10.2.14.2 -q 10.2.14.7 -p udp --sport 1 --dport 2 -t 100
    -I -s 10.2.15.1 -d 10.2.15.2 -q 10.2.15.7 -p udp --sport 1 --dport 2 --reply-port-src 5 --reply-port-dst 6 -t 100
    -I -s 10.2.16.1 -d 10.2.16.2 -p udp --sport 1 --dport 2 --reply-port-src 5 --reply-port-dst 6 -t 100
    -I -s 10.2.17.1 -d 10.2.17.2 -p udp --sport 1 --dport 2 --reply-port-src 5 -t 100
    -I -s 10.2.18.1 -d 10.2.18.2 -p udp --reply-port-src 5 --reply-port-dst 6 -t 100
    -I -s 10.2.19.1 -d 10.2.19.2 -r 1.2.19.4 -q 5.6.19.8 -p udp --reply-port-src 5 --reply-port-dst 6 -t 100
    -I -s 10.2.20.1 -d 10.2.20.2 -r 1.2.20.4 -q 5.6.20.8 -p udp --sport 1 --dport 2 --reply-port-src 5 -t 100
    -I -s 10.2.21.1 -r 1.2.21.4 -q 5.6.21.8 -p udp --sport 1 --dport 2 --reply-port-src 5 --reply-port-dst 6 -t 100
    -I -s 10.2.22.1 -r 1.2.22.4 -q 5.6.22.8 -p udp --sport 1 --reply-port-src 5 --reply-port-dst 6 -t 100
    -I -r 1.2.23.4 -q 5.6.23.8 -p udp --sport 1 --dport 2 --reply-port-src 5 --reply-port-dst 6 -t 100
    -I -s 10.2.24.1 -d 10.2.24.2 -r 1.2.24.4 -q 5.6.24.8 -p 99 -t 100
    -I -s 10.2.25.1 -d 10.2.25.2 -r 1.2.25.4 -q 5.6.25.8 -p icmp --icmp-type 8 --icmp-code 0 -t 100
    -I -s 10.2.26.1 -d 10.2.26.2 -r 1.2.26.4 -q 5.6.26.8 -p icmp --icmp-type 8 --icmp-code 3 --icmp-id 9 -t 100
    -I -s 10.2.27.1 -d 10.2.27.2 -r 1.2.27.4 -q 5.6.27.8 -p gre --srckey 1 --dstkey 2 -t 100
    -I -s 10.2.28.1 -d 10.2.28.2 -r 1.2.28.4 -q 5.6.28.8 -p gre --srckey 1 --dstkey 2 --reply-key-src 5 --reply-key-dst 6 -t 100
    -I -s 10.2.29.1 -d 10.2.29.2 -g 7.7.7.7 -q 10.2.29.1 -p udp --sport 1 --dport 80 --reply-port-src 8080 --reply-port-dst 1 -t 100
    -I -s 10.2.30.1 -d 10.2.30.2 -g 7.7.7.7 -q 10.2.30.1 -p udp --sport 1 --dport 80 -t 100
    -I -s 10.2.31.1 -d 10.2.31.2 -g 7.7.7.7:99 -q 10.2.31.1 -p udp --sport 1 --dport 80 --reply-port-src 8080 --reply-port-dst 1 -t 100
    -I -s 10.2.32.1 -d 10.2.32.2 -r 10.2.32.2 -n 7.7.7.7 -p udp --sport 1 --dport 80 --reply-port-src 80 --reply-port-dst 7 -t 100
    -I -s 10.2.33.1 -d 10.2.33.2 -r 10.2.33.9 -q 10.2.33.10 -n 7.7.7.7 -p udp --sport 1 --dport 80 --reply-port-src 80 --reply-port-dst 7 -t 100
    -I -s 10.2.34.1 -d 10.2.34.2 -r 10.2.34.9 -q 10.2.34.10 -g 7.7.7.7 -p udp --sport 1 --dport 80 --reply-port-src 80 --reply-port-dst 7 -t 100
    -I -s 10.2.35.1 -d 10.2.35.2 -n 7.7.7.7 -g 8.8.8.8 -p udp --sport 1 --dport 80 --reply-port-src 80 --reply-port-dst 7 -t 100
    -I -s 10.2.36.1 -d 10.2.36.2 -r 10.2.36.2 -g 7.7.7.7 -p udp --sport 1 --dport 80 --reply-port-src 80 --reply-port-dst 1 -t 100
    -I -s 10.2.37.1 -d 10.2.37.2 -n 7.7.7.7 -p tcp --sport 1 --dport 80 -t 100 --state ESTABLISHED -u SEEN_REPLY
    -I -s 10.2.38.1 -d 10.2.38.2 -n 7.7.7.7:300 -p icmp --icmp-type 8 --icmp-code 0 -t 100
    -I -s 10.2.39.1 -d 10.2.39.2 -n 7.7.7.7 -p 99 -t 100
    -I -s 10.2.40.1 -d 10.2.40.2 -p udp --sport 1 --dport 2 -t 0x50
    -I -s 10.2.41.1 -d 10.2.41.2 -p udp --sport 1 --dport 2 -t 600abc
    -I -s 10.2.42.1 -d 10.2.42.2 -p udp --sport 1 --dport 2 -t 0600
    -I -s 10.2.43.1 -d 10.2.43.2 -p udp --sport 0x10 --dport 010 -t 100
    -I -s 10.2.44.1 -d 10.2.44.2 -p udp --sport 99999 --dport -1 -t 100
    -I -s 10.2.45.1 -d 10.2.45.2 -p gre --srckey 010 --dstkey 99999 -t 100
    -I -s 10.2.46.1 -d 10.2.46.2 -p gre --srckey 0xab --dstkey cd -t 100
    -I -s 10.2.47.1 -d 10.2.47.2 -p icmp --icmp-type 0x8 --icmp-code 300 --icmp-id 70000 -t 100
    -I -s 10.2.48.1 -d 10.2.48.2 -p sctp --sport 1 --dport 2 --state ESTABLISHED --orig-vtag 0x10 --reply-vtag 010 -t 100
    -I -s 10.2.51.1 -d 10.2.51.2 -p sctp --sport 1 --dport 2 --state NONE --orig-vtag 5 --reply-vtag abc -t 100
    -I -s 10.2.52.1 -d 10.2.52.2 -p dccp --sport 1 --dport 2 --state FOO --role server -t 100
    -I -s 10.2.53.1 -d 10.2.53.2 -p dccp --sport 1 --dport 2 --state IGNORE --role server -t 100
    -I -s 10.2.54.1 -d 10.2.54.2 -p udp --sport 1 --dport 2 -t 100 -m 0x10/0xff
    -I -s 10.2.55.1 -d 10.2.55.2 -p udp --sport 1 --dport 2 -t 100 -u SEEN,FIXED,EXPE
    -I -s 10.2.56.1 -d 10.2.56.2 -p udp --sport 1 --dport 2 -t 100 -u SEEN,FIXED,ASS
    -I -s 10.2.57.1 -d 10.2.57.2 -p udp --sport 1 --dport 2 -t 100 -u OFFLOAD
    -I -s 10.2.58.1 -d 10.2.58.2 -p udp --sport 1 --dport 2 -t 100 -u SRC_NAT
    -I -s 10.2.59.1 -d 10.2.59.2 -p udp --sport 1 --dport 2 -t 100 -u ASSURED -u SEEN_REPLY
    -I -s 10.2.60.1 -d 10.2.60.2 -p udp --sport 1 --dport 2 -t 100 --orig-zone 5
    -I -s 10.2.61.1 -d 10.2.61.2 -p udp --sport 1 --dport 2 -t 100 --reply-zone 5
    -I -s 10.2.62.1 -d 10.2.62.2 -p udp --sport 1 --dport 2 -t 100 --reply-zone 5 --orig-zone 5
    -I -s 10.2.63.1 -d 10.2.63.2 -p udp --sport 1 --dport 2 -t 100 --reply-zone 5 --orig-zone 6
    -I -s 10.2.64.1 -d 10.2.64.2 -p udp --sport 1 --dport 2 -t 100 -w 0
    -I -s 10.2.65.1 -d 10.2.65.2 -p tcp --sport 1 --dport 2 -t 100 --state TIME_WAIT -u ASSURED
    -I -s 2001:db8::66:1 -d ::2 -p tcp --sport 1 --dport 2 -t 100 --state CLOSE -n ::5
    -I -s 1.1.68.1 -d 2.2.2.2 -t 100 -p udp --sport 4 --dport 2 -p tcp --state NONE --sport 1 --dport 3
    -I -s 10.2.69.1 -d 10.2.69.2 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 -t 100
    -A -s 2001:db8::70:1 -d ::2 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 5 -t 100
    -I -r 10.2.71.1 -q 10.2.71.2 -p icmp --icmp-type 8 --icmp-code 0 -t 100
    -I -r 10.2.72.1 -q 10.2.72.2 -n 7.7.72.7 -p icmp --icmp-type 8 --icmp-code 0 -t 100
    -I -p icmp --icmp-type 8 --icmp-code 0 -s 10.2.73.1 -d 10.2.73.2 -t 100
    -I -p icmp -d 10.2.74.2 --icmp-type 13 --icmp-code 0 -s 10.2.74.1 -t 100
    -I -s 10.2.75.1 -d 10.2.75.2 -p icmp --icmp-type 13 --icmp-code 0 -r 10.2.75.2 -t 100
    -I -s 10.2.76.1 -d 10.2.76.2 -p icmp --icmp-type 13 -r 10.2.76.2 --icmp-code 0 -t 100
    -A -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 -s 2001:db8::77:1 -d ::2 -t 100
    -I -s 10.2.78.1 -d 10.2.78.2 -p udplite --sport 1 --dport 2 -t 100 -n 7.7.78.7:5
    -I -s 10.2.79.1 -d 10.2.79.2 -p sctp --sport 1 --dport 2 --state ESTABLISHED --orig-vtag 1 --reply-vtag 2 -t 100 -g 7.7.79.7:5
    -I -s 10.2.80.1 -d 10.2.80.2 -p udp --sport 1 --dport 2 -t 100 -g 7.7.80.7:0
    -I -s 10.2.81.1 -d 10.2.81.2 -p dccp --sport 1 --dport 2 --state OPEN --role SERV -t 100
    -I -s 10.2.82.1 -d 10.2.82.2 -p dccp --sport 1 --dport 2 --state OPEN --role '' -t 100
    -I -s 10.2.83.1 -d 10.2.83.2 -p dccp --sport 1 --dport 2 --state OPEN --role clients -t 100
    -I -s 10.2.84.1 -d 10.2.84.2 -p 99 -t 100 -u SEEN -m 9
    """#)

  /// What changes a table, one after another.
  static let changes = CommandLines(
    #"""
    -D -s 99.1.1.1
    -D -s 10.1.0.8 -p udp --sport 1
    -D -s 10.1.0.8 -p udp --sport 1001 -o xml
    -D -d 10.9.9.8 -p sctp -o save
    -D -w 7
    -D -t 4 -p 99
    -I -s 10.1.0.8 -d 10.9.9.9 -p udp --sport 1001 --dport 80 -t 600
    -I -s 10.1.0.8 -d 10.9.9.9 -p udp --sport 1001 --dport 80 -t 600
    -A -s 10.1.0.8 -d 10.9.9.9 -p udp --sport 1001 --dport 80 -t 300
    -A -s 10.1.0.8 -d 10.9.9.9 -p udp --sport 1002 --dport 80 -t 600 -m 9
    -I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 2 -t 600 -m 7/3
    -I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 2 --dport 2 -t 600 -w 3
    -I -s 1.1.1.1 -d 2.2.2.2 -p tcp --sport 2 --dport 2 -t 600 --state ESTABLISHED
    -I -s 1.1.1.1 -d 2.2.2.2 -p tcp --sport 3 --dport 2 -t 600 --state SYN_SENT -m 0x0f
    -I -s 1.1.1.1 -d 2.2.2.2 -p 99 -t 600
    -U -s 99.1.1.1 -m 3
    -U
    -U -p tcp
    -U -s 1.1.1.1 -p tcp --sport 2 -m 9
    -U -s 1.1.1.1 -p tcp --sport 2 -m 9
    -U -s 1.1.1.1 -p tcp --sport 2 -m 0xf0/0x0f
    -U -s 1.1.1.1 -p tcp --sport 2 -m 0/0
    -U -s 1.1.1.1 -p tcp --sport 2 -t 500
    -U -s 1.1.1.1 -p tcp --sport 2 -t 100 -m 1
    -U -s 1.1.1.1 -p tcp --sport 2 -t 600
    -U -s 1.1.1.1 -p tcp --sport 2 -u ASSURED
    -U -s 1.1.1.1 -p tcp --sport 2 -u ASSURED
    -U -s 1.1.1.1 -p tcp --sport 2 -u seen
    -U -s 1.1.1.1 -p tcp --sport 2 -u UNSET
    -U -u '!ASSURED'
    -U -u UNREPLIED,UNSET
    -U -s 1.1.1.1 -p tcp --sport 3 --state CLOSE
    -U -s 1.1.1.1 -p tcp --sport 3 --state ESTABLISHED -t 600
    -U -s 1.1.1.1 -p tcp --sport 3 -u FIXED_TIMEOUT -o extended
    -U -s 1.1.1.1 -p tcp --sport 3 -m 77 -o xml
    -U -s 1.1.1.1 -p tcp --sport 3 -m 78 -o save
    -U -s 1.1.1.1 -p tcp --sport 3 -m 79 -o extended,id
    -U -s 1.1.1.1 -p tcp --sport 3 -m 79 -i 5
    -U -s 1.1.1.1 -p tcp --sport 3 -m 80 -f ipv4
    -U -s 1.1.1.1 -p tcp --sport 3 -m 81 -f ipv6
    -U -s 1.1.1.1 -p tcp --sport 3 -n 3.3.3.3
    -U -s 10.1.0.9 -g -m 4
    -U -s 1.1.1.0/24 -p 99 -m 6
    -U -s 1.1.0.0 --mask-src 255.255.0.0 -p 99 -m 7
    -U -d 2.2.2.2 -p 99 -m 8
    -U -s 10.1.0.7 -p icmp -m 3
    -U -s 10.1.0.7 -p gre --srckey 17 -m 3
    -U -s 2001:db8::1 -p tcp -m 5
    -U -s 2001:db8::1 -p icmpv6 --icmpv6-type 128 -m 5
    -D -p gre --srckey 17 --dstkey 34
    -D -s 10.1.0.0/29
    -D -s 10.1.0.9 --mask-src 255.255.255.255
    -D -n
    -D -g 6.6.6.6
    -D -m 7
    -D -m 0x10/0x10
    -D -u FIXED_TIMEOUT
    -D -u '!ASSURED' -p sctp
    -D --orig-zone 4
    -D --reply-zone 5
    -D -p icmpv6 --icmpv6-id 1
    -D -p icmpv6 --icmpv6-id 78 -f ipv6
    -D -i 5
    -D -f ipv6
    -D -d 2.2.2.2 -p tcp --dport 2 --state ESTABLISHED
    -D -r 2.2.2.2 -q 1.1.1.1 -p udp
    -I -s ::1 -d ::2 -p udp --sport 1 --dport 2 -t 600
    -F
    -D
    -I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 2 -t 600
    -D -o xml
    """#)

  /// Defects of 1.4.7 that have no counterpart here.
  static let differences = CommandLines(
    #"""
    $CT -I -r 10.2.11.1 -q 10.2.11.2 -p udp --sport 1 --dport 2 -t 100 && conntrack -L -r 10.2.11.1 ##0 1.4.7 makes an entry of protocol 0
    -I -s 10.2.49.1 -d 10.2.49.2 -p sctp --sport 1 --dport 2 --state HEARTBEAT_SENT --orig-vtag 5 --reply-vtag 6 -t 100 ##0 1.4.7 crashes
    -I -s 10.2.50.1 -d 10.2.50.2 -p sctp --sport 1 --dport 2 --state HEARTBEAT_ACKED --orig-vtag 5 --reply-vtag 6 -t 100 ##1 1.4.7 crashes
    -I -s 1.1.67.1 -d 2.2.2.2 -p tcp --sport 4 --dport 2 -t 100 --state NONE -p udp --sport 1 --dport 2 ## 1.4.7 mixes up the options of two protocols
    -D -t 4 ##1 a timeout selects, and does not delete everything
    -U -m 3 -p icmp ## 1.4.7 sends no family where none was given, and is refused
    -D -p gre --srckey 99 ##1 keys of GRE are compared
    $CT -F -f ipv6 && conntrack -L ##0 the family is honoured
    -D -u '!ASSURED' ##0 1.4.7 deletes everything when nothing but negated status bits is given
    -D -u UNREPLIED ##0 1.4.7 deletes everything when nothing but negated status bits is given
    -D -s 10.1.0.7/ ##2 a prefix without length is not /0
    -D --src-nat=9.9.9.9 ##1 an attached argument is not thrown away
    -D -n9.9.9.9 ##1 an attached argument is not thrown away
    -Fexpect ##0 an attached table is not thrown away
    --flush=expect ##0 an attached table is not thrown away
    -Ds 1.1.1.1 ##2 letters behind -D are no table
    -U -m 3 ##0 the family is that of each entry
    -U -p udp -m 4 ##0 the family is that of each entry, and all are shown
    -D -p gre --dstkey 99 ##1 keys of GRE are compared
    -L -u '!ASSURED,SEEN_REPLY' ##0 1.4.7 asks the kernel for something else
    -U -s 10.1.0.9 -n 8.8.8.8 -m 3 ##0 1.4.7 sends the translation along, is refused, and counts that as an update
    -U -s 2001:db8::1 -p tcp -m 3 ##0 1.4.7 looks for the updated entry in zone 0
    -U -s 10.1.0.8 -u EXPECTED ##1 1.4.7 counts a refusal as an update
    -U -s 10.1.0.14 -t 44 ##1 1.4.7 counts a refusal as an update
    -G -s 10.1.0.13 -d 10.9.9.8 -p udp --sport 5 --dport 53 --reply-port-src 53 ##0 1.4.7 fails, with Success
    $CT -I -s 10.2.84.1 -d 10.2.84.2 -p 99 -t 100 -m 9 -u SEEN && conntrack -L -s 10.2.84.1 ##0 1.4.7 takes the status that follows for the mark
    -U -s 10.1.0.12 -m 9 -u SEEN ##0 1.4.7 takes the status that follows for the mark
    -L -m 5 -u ASSURED ##0 1.4.7 takes the status that follows for the mark
    -D -m 5 -u ASSURED ##0 1.4.7 takes the status that follows for the mark
    $CT -I -p icmp --icmp-type 8 --icmp-code 0 -r 10.2.11.1 -q 10.2.11.2 -t 100; conntrack -L -p icmp ##0 1.4.7 makes an entry of protocol 0
    """#)
}
