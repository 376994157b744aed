function __ftctl_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __ftctl_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __ftctl_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __ftctl_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __ftctl_parse_tokens -S
    set -l unparsed_tokens (__ftctl_tokens -pc)
    switch $unparsed_tokens[1]
    case 'ftctl'
        __ftctl_parse_subcommand 0 'netns=' 'color=' 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'list'
            __ftctl_parse_subcommand 0 'netns=' 'color=' 'f/family=' 'p/proto=' 's/src=' 'd/dst=' 'r/reply-src=' 'q/reply-dst=' 'sport=' 'dport=' 'reply-sport=' 'reply-dport=' 'm/mark=' 'l/label=+' 'w/zone=' 'orig-zone=' 'reply-zone=' 'state=' 'u/status=' 'n/src-nat=' 'g/dst-nat=' 'any-nat=' 'offload=' 'flowtable=+' 'device=' 'min-bytes=' 'min-packets=' 'older-than=' 'expires-within=' 'where=' 'o/output=' 'j/json' 'columns=' 'sort=' 'reverse' 'limit=' 'resolve' 'wide' 'z/zero' 'version' 'h/help'
        case 'get'
            __ftctl_parse_subcommand 0 'netns=' 'color=' 'f/family=' 'p/proto=' 's/src=' 'd/dst=' 'r/reply-src=' 'q/reply-dst=' 'sport=' 'dport=' 'reply-sport=' 'reply-dport=' 'm/mark=' 'l/label=+' 'w/zone=' 'orig-zone=' 'reply-zone=' 'state=' 'u/status=' 'n/src-nat=' 'g/dst-nat=' 'any-nat=' 'offload=' 'flowtable=+' 'device=' 'min-bytes=' 'min-packets=' 'older-than=' 'expires-within=' 'where=' 'o/output=' 'j/json' 'version' 'h/help'
        case 'count'
            __ftctl_parse_subcommand 0 'netns=' 'color=' 'f/family=' 'p/proto=' 's/src=' 'd/dst=' 'r/reply-src=' 'q/reply-dst=' 'sport=' 'dport=' 'reply-sport=' 'reply-dport=' 'm/mark=' 'l/label=+' 'w/zone=' 'orig-zone=' 'reply-zone=' 'state=' 'u/status=' 'n/src-nat=' 'g/dst-nat=' 'any-nat=' 'offload=' 'flowtable=+' 'device=' 'min-bytes=' 'min-packets=' 'older-than=' 'expires-within=' 'where=' 'o/output=' 'j/json' 'by=' 'top=' 'version' 'h/help'
        case 'stats'
            __ftctl_parse_subcommand 0 'netns=' 'color=' 'o/output=' 'j/json' 'per-cpu' 'version' 'h/help'
        case 'monitor'
            __ftctl_parse_subcommand 0 'netns=' 'color=' 'f/family=' 'p/proto=' 's/src=' 'd/dst=' 'r/reply-src=' 'q/reply-dst=' 'sport=' 'dport=' 'reply-sport=' 'reply-dport=' 'm/mark=' 'l/label=+' 'w/zone=' 'orig-zone=' 'reply-zone=' 'state=' 'u/status=' 'n/src-nat=' 'g/dst-nat=' 'any-nat=' 'offload=' 'flowtable=+' 'device=' 'min-bytes=' 'min-packets=' 'older-than=' 'expires-within=' 'where=' 'o/output=' 'j/json' 'e/events=' 'b/buffer-size=' 'offload-interval=' 'version' 'h/help'
        case 'delete'
            __ftctl_parse_subcommand 0 'netns=' 'color=' 'f/family=' 'p/proto=' 's/src=' 'd/dst=' 'r/reply-src=' 'q/reply-dst=' 'sport=' 'dport=' 'reply-sport=' 'reply-dport=' 'm/mark=' 'l/label=+' 'w/zone=' 'orig-zone=' 'reply-zone=' 'state=' 'u/status=' 'n/src-nat=' 'g/dst-nat=' 'any-nat=' 'offload=' 'flowtable=+' 'device=' 'min-bytes=' 'min-packets=' 'older-than=' 'expires-within=' 'where=' 'dry-run' 'allow-none' 'report=' 'version' 'h/help'
        case 'flush'
            __ftctl_parse_subcommand 0 'netns=' 'color=' 'f/family=' 'p/proto=' 's/src=' 'd/dst=' 'r/reply-src=' 'q/reply-dst=' 'sport=' 'dport=' 'reply-sport=' 'reply-dport=' 'm/mark=' 'l/label=+' 'w/zone=' 'orig-zone=' 'reply-zone=' 'state=' 'u/status=' 'n/src-nat=' 'g/dst-nat=' 'any-nat=' 'offload=' 'flowtable=+' 'device=' 'min-bytes=' 'min-packets=' 'older-than=' 'expires-within=' 'where=' 'yes' 'dry-run' 'report=' 'version' 'h/help'
        case 'add'
            __ftctl_parse_subcommand 0 'netns=' 'color=' 'p/proto=' 's/src=' 'd/dst=' 'r/reply-src=' 'q/reply-dst=' 'sport=' 'dport=' 'reply-sport=' 'reply-dport=' 'icmp-type=' 'icmp-code=' 'icmp-id=' 't/timeout=' 'state=' 'u/status=' 'm/mark=' 'l/label=+' 'w/zone=' 'orig-zone=' 'reply-zone=' 'n/src-nat=' 'g/dst-nat=' 'helper=' 'orig-vtag=' 'reply-vtag=' 'from=' 'skip-existing' 'dry-run' 'version' 'h/help'
        case 'conntrack'
            __ftctl_parse_subcommand -r 1 'version' 'h/help'
        case 'help'
            __ftctl_parse_subcommand -r 1 'version'
        end
    end
end

function __ftctl_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __ftctl_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __ftctl_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __ftctl_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__ftctl_tokens -p)
    if test -z "$(__ftctl_tokens -t)"
        set -l index (count (__ftctl_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'ftctl' -f
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl" netns' -l 'netns' -d 'Work in the network namespace of this name, as \'ip -n\' does; some subcommands take \'all\'' -rfka '(__ftctl_custom_completion ---completion -- --netns (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl" color' -l 'color' -d 'Colour the output (default: auto, on a terminal unless NO_COLOR is set)' -rfka 'auto always never'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'list' -d 'List the flows of the conntrack table'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'get' -d 'Show particular flows, and fail when there are none'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'count' -d 'Count flows, by state, protocol, source, tag or anything else'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'stats' -d 'Show how full the table is and what it has dropped'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'monitor' -d 'Print flows as they come, change and go'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'delete' -d 'Delete the flows of a selection'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'flush' -d 'Empty the conntrack table, or delete all that matches a selection at once'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'add' -d 'Add a flow, or all flows of a file'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'conntrack' -d 'Do what conntrack(8) does, with its command line and its output'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_positional "ftctl" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" netns' -l 'netns' -d 'Work in the network namespace of this name, as \'ip -n\' does; some subcommands take \'all\'' -rfka '(__ftctl_custom_completion ---completion list -- --netns (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" color' -l 'color' -d 'Colour the output (default: auto, on a terminal unless NO_COLOR is set)' -rfka 'auto always never'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" f family' -s 'f' -l 'family' -d 'Address family' -rfka 'ipv4 ipv6'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" p proto protonum' -s 'p' -l 'proto' -l 'protonum' -d 'Layer 4 protocols: names or numbers, a comma between' -rfka '(__ftctl_custom_completion ---completion list -- --proto (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" orig-src s src' -s 's' -l 'src' -l 'orig-src' -d 'Source in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" d dst orig-dst' -s 'd' -l 'dst' -l 'orig-dst' -d 'Destination in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" r reply-src' -s 'r' -l 'reply-src' -d 'Source in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" q reply-dst' -s 'q' -l 'reply-dst' -d 'Destination in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" orig-port-src sport' -l 'sport' -l 'orig-port-src' -d 'Source port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" dport orig-port-dst' -l 'dport' -l 'orig-port-dst' -d 'Destination port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" reply-port-src reply-sport' -l 'reply-sport' -l 'reply-port-src' -d 'Source port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" reply-dport reply-port-dst' -l 'reply-dport' -l 'reply-port-dst' -d 'Destination port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" m mark' -s 'm' -l 'mark' -d 'Mark: decimal, 0x hexadecimal or octal; only the mask\'s bits count' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list"' -s 'l' -l 'label' -d 'Labels, all of which are set: names or bit numbers' -rfka '(__ftctl_custom_completion ---completion list -- --label (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" w zone' -s 'w' -l 'zone' -d 'Zone of both directions, 0 to 65535' -rfka '(__ftctl_custom_completion ---completion list -- --zone (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" orig-zone' -l 'orig-zone' -d 'Zone of the original direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" reply-zone' -l 'reply-zone' -d 'Zone of the reply direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" state' -l 'state' -d 'States of TCP, SCTP or DCCP, a comma between' -rfka '(__ftctl_custom_completion ---completion list -- --state (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" status u' -s 'u' -l 'status' -d 'Status flags that are set, or with ! not set: ASSURED, SEEN_REPLY, OFFLOAD, …' -rfka '(__ftctl_custom_completion ---completion list -- --status (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" n src-nat' -s 'n' -l 'src-nat' -d 'Flows with source NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" dst-nat g' -s 'g' -l 'dst-nat' -d 'Flows with destination NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" any-nat' -l 'any-nat' -d 'Flows with NAT of either kind' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" offload' -l 'offload' -d 'Flows by tag: any (in a flowtable), software, hardware, none' -rfka 'any software hardware none'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list"' -l 'flowtable' -d 'Flows that this flowtable carries: NAME, or FAMILY TABLE NAME' -rfka '(__ftctl_custom_completion ---completion list -- --flowtable (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" device' -l 'device' -d 'Offloaded flows that go through this device' -rfka '(__ftctl_custom_completion ---completion list -- --device (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" min-bytes' -l 'min-bytes' -d 'At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" min-packets' -l 'min-packets' -d 'At least so many packets in both directions' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" older-than' -l 'older-than' -d 'Started at least so long ago: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" expires-within' -l 'expires-within' -d 'Expires within this time: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" where' -l 'where' -d 'All of it as one expression, for example \'tcp and dport in {80,443} and not offload\'' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" o output' -s 'o' -l 'output' -d 'Format: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them' -rfka 'line table json jsonl xml save csv prometheus extended id timestamp ktimestamp labels userspace'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" j json' -s 'j' -l 'json' -d 'Short for -o json'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" columns' -l 'columns' -d 'Columns of the table, a comma between (default: the most useful)' -rfka 'event netns family proto state source destination translation tag flowtable devices packets bytes expires mark zone labels helper status age start use id'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" sort' -l 'sort' -d 'Sort by this column, numbers with the largest first; the table is then held in memory' -rfka 'event netns family proto state source destination translation tag flowtable devices packets bytes expires mark zone labels helper status age start use id'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" reverse' -l 'reverse' -d 'Sort the other way round'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" limit' -l 'limit' -d 'Show so many flows at most (default: all)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" resolve' -l 'resolve' -d 'Show names of hosts and services, where they are known, instead of numbers'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" wide' -l 'wide' -d 'Show all columns, with exact numbers'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" z zero' -s 'z' -l 'zero' -d 'Set the counters of each flow to zero after reading them'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" netns' -l 'netns' -d 'Work in the network namespace of this name, as \'ip -n\' does; some subcommands take \'all\'' -rfka '(__ftctl_custom_completion ---completion get -- --netns (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" color' -l 'color' -d 'Colour the output (default: auto, on a terminal unless NO_COLOR is set)' -rfka 'auto always never'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" f family' -s 'f' -l 'family' -d 'Address family' -rfka 'ipv4 ipv6'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" p proto protonum' -s 'p' -l 'proto' -l 'protonum' -d 'Layer 4 protocols: names or numbers, a comma between' -rfka '(__ftctl_custom_completion ---completion get -- --proto (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" orig-src s src' -s 's' -l 'src' -l 'orig-src' -d 'Source in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" d dst orig-dst' -s 'd' -l 'dst' -l 'orig-dst' -d 'Destination in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" r reply-src' -s 'r' -l 'reply-src' -d 'Source in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" q reply-dst' -s 'q' -l 'reply-dst' -d 'Destination in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" orig-port-src sport' -l 'sport' -l 'orig-port-src' -d 'Source port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" dport orig-port-dst' -l 'dport' -l 'orig-port-dst' -d 'Destination port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" reply-port-src reply-sport' -l 'reply-sport' -l 'reply-port-src' -d 'Source port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" reply-dport reply-port-dst' -l 'reply-dport' -l 'reply-port-dst' -d 'Destination port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" m mark' -s 'm' -l 'mark' -d 'Mark: decimal, 0x hexadecimal or octal; only the mask\'s bits count' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get"' -s 'l' -l 'label' -d 'Labels, all of which are set: names or bit numbers' -rfka '(__ftctl_custom_completion ---completion get -- --label (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" w zone' -s 'w' -l 'zone' -d 'Zone of both directions, 0 to 65535' -rfka '(__ftctl_custom_completion ---completion get -- --zone (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" orig-zone' -l 'orig-zone' -d 'Zone of the original direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" reply-zone' -l 'reply-zone' -d 'Zone of the reply direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" state' -l 'state' -d 'States of TCP, SCTP or DCCP, a comma between' -rfka '(__ftctl_custom_completion ---completion get -- --state (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" status u' -s 'u' -l 'status' -d 'Status flags that are set, or with ! not set: ASSURED, SEEN_REPLY, OFFLOAD, …' -rfka '(__ftctl_custom_completion ---completion get -- --status (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" n src-nat' -s 'n' -l 'src-nat' -d 'Flows with source NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" dst-nat g' -s 'g' -l 'dst-nat' -d 'Flows with destination NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" any-nat' -l 'any-nat' -d 'Flows with NAT of either kind' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" offload' -l 'offload' -d 'Flows by tag: any (in a flowtable), software, hardware, none' -rfka 'any software hardware none'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get"' -l 'flowtable' -d 'Flows that this flowtable carries: NAME, or FAMILY TABLE NAME' -rfka '(__ftctl_custom_completion ---completion get -- --flowtable (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" device' -l 'device' -d 'Offloaded flows that go through this device' -rfka '(__ftctl_custom_completion ---completion get -- --device (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" min-bytes' -l 'min-bytes' -d 'At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" min-packets' -l 'min-packets' -d 'At least so many packets in both directions' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" older-than' -l 'older-than' -d 'Started at least so long ago: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" expires-within' -l 'expires-within' -d 'Expires within this time: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" where' -l 'where' -d 'All of it as one expression, for example \'tcp and dport in {80,443} and not offload\'' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" o output' -s 'o' -l 'output' -d 'Format: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them' -rfka 'line table json jsonl xml save csv prometheus extended id timestamp ktimestamp labels userspace'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" j json' -s 'j' -l 'json' -d 'Short for -o json'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl get" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" netns' -l 'netns' -d 'Work in the network namespace of this name, as \'ip -n\' does; some subcommands take \'all\'' -rfka '(__ftctl_custom_completion ---completion count -- --netns (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" color' -l 'color' -d 'Colour the output (default: auto, on a terminal unless NO_COLOR is set)' -rfka 'auto always never'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" f family' -s 'f' -l 'family' -d 'Address family' -rfka 'ipv4 ipv6'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" p proto protonum' -s 'p' -l 'proto' -l 'protonum' -d 'Layer 4 protocols: names or numbers, a comma between' -rfka '(__ftctl_custom_completion ---completion count -- --proto (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" orig-src s src' -s 's' -l 'src' -l 'orig-src' -d 'Source in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" d dst orig-dst' -s 'd' -l 'dst' -l 'orig-dst' -d 'Destination in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" r reply-src' -s 'r' -l 'reply-src' -d 'Source in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" q reply-dst' -s 'q' -l 'reply-dst' -d 'Destination in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" orig-port-src sport' -l 'sport' -l 'orig-port-src' -d 'Source port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" dport orig-port-dst' -l 'dport' -l 'orig-port-dst' -d 'Destination port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" reply-port-src reply-sport' -l 'reply-sport' -l 'reply-port-src' -d 'Source port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" reply-dport reply-port-dst' -l 'reply-dport' -l 'reply-port-dst' -d 'Destination port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" m mark' -s 'm' -l 'mark' -d 'Mark: decimal, 0x hexadecimal or octal; only the mask\'s bits count' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count"' -s 'l' -l 'label' -d 'Labels, all of which are set: names or bit numbers' -rfka '(__ftctl_custom_completion ---completion count -- --label (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" w zone' -s 'w' -l 'zone' -d 'Zone of both directions, 0 to 65535' -rfka '(__ftctl_custom_completion ---completion count -- --zone (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" orig-zone' -l 'orig-zone' -d 'Zone of the original direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" reply-zone' -l 'reply-zone' -d 'Zone of the reply direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" state' -l 'state' -d 'States of TCP, SCTP or DCCP, a comma between' -rfka '(__ftctl_custom_completion ---completion count -- --state (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" status u' -s 'u' -l 'status' -d 'Status flags that are set, or with ! not set: ASSURED, SEEN_REPLY, OFFLOAD, …' -rfka '(__ftctl_custom_completion ---completion count -- --status (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" n src-nat' -s 'n' -l 'src-nat' -d 'Flows with source NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" dst-nat g' -s 'g' -l 'dst-nat' -d 'Flows with destination NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" any-nat' -l 'any-nat' -d 'Flows with NAT of either kind' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" offload' -l 'offload' -d 'Flows by tag: any (in a flowtable), software, hardware, none' -rfka 'any software hardware none'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count"' -l 'flowtable' -d 'Flows that this flowtable carries: NAME, or FAMILY TABLE NAME' -rfka '(__ftctl_custom_completion ---completion count -- --flowtable (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" device' -l 'device' -d 'Offloaded flows that go through this device' -rfka '(__ftctl_custom_completion ---completion count -- --device (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" min-bytes' -l 'min-bytes' -d 'At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" min-packets' -l 'min-packets' -d 'At least so many packets in both directions' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" older-than' -l 'older-than' -d 'Started at least so long ago: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" expires-within' -l 'expires-within' -d 'Expires within this time: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" where' -l 'where' -d 'All of it as one expression, for example \'tcp and dport in {80,443} and not offload\'' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" o output' -s 'o' -l 'output' -d 'Format: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them' -rfka 'line table json jsonl xml save csv prometheus extended id timestamp ktimestamp labels userspace'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" j json' -s 'j' -l 'json' -d 'Short for -o json'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" by' -l 'by' -d 'Count for each value, or combination of values, of these: family, proto, state, offload, flowtable, src, dst, sport, dport, reply-src, reply-dst, reply-sport, reply-dport, mark, zone, label, helper, nat, assured, replied' -rfka 'family proto state offload flowtable src dst sport dport reply-src reply-dst reply-sport reply-dport mark zone label helper nat assured replied'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" top' -l 'top' -d 'Show the largest so many groups (default: all)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl count" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl stats" netns' -l 'netns' -d 'Work in the network namespace of this name, as \'ip -n\' does; some subcommands take \'all\'' -rfka '(__ftctl_custom_completion ---completion stats -- --netns (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl stats" color' -l 'color' -d 'Colour the output (default: auto, on a terminal unless NO_COLOR is set)' -rfka 'auto always never'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl stats" o output' -s 'o' -l 'output' -d 'Format: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them' -rfka 'line table json jsonl xml save csv prometheus extended id timestamp ktimestamp labels userspace'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl stats" j json' -s 'j' -l 'json' -d 'Short for -o json'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl stats" per-cpu' -l 'per-cpu' -d 'A column for each CPU instead of the sum alone'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl stats" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl stats" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" netns' -l 'netns' -d 'Work in the network namespace of this name, as \'ip -n\' does; some subcommands take \'all\'' -rfka '(__ftctl_custom_completion ---completion monitor -- --netns (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" color' -l 'color' -d 'Colour the output (default: auto, on a terminal unless NO_COLOR is set)' -rfka 'auto always never'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" f family' -s 'f' -l 'family' -d 'Address family' -rfka 'ipv4 ipv6'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" p proto protonum' -s 'p' -l 'proto' -l 'protonum' -d 'Layer 4 protocols: names or numbers, a comma between' -rfka '(__ftctl_custom_completion ---completion monitor -- --proto (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" orig-src s src' -s 's' -l 'src' -l 'orig-src' -d 'Source in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" d dst orig-dst' -s 'd' -l 'dst' -l 'orig-dst' -d 'Destination in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" r reply-src' -s 'r' -l 'reply-src' -d 'Source in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" q reply-dst' -s 'q' -l 'reply-dst' -d 'Destination in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" orig-port-src sport' -l 'sport' -l 'orig-port-src' -d 'Source port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" dport orig-port-dst' -l 'dport' -l 'orig-port-dst' -d 'Destination port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" reply-port-src reply-sport' -l 'reply-sport' -l 'reply-port-src' -d 'Source port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" reply-dport reply-port-dst' -l 'reply-dport' -l 'reply-port-dst' -d 'Destination port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" m mark' -s 'm' -l 'mark' -d 'Mark: decimal, 0x hexadecimal or octal; only the mask\'s bits count' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor"' -s 'l' -l 'label' -d 'Labels, all of which are set: names or bit numbers' -rfka '(__ftctl_custom_completion ---completion monitor -- --label (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" w zone' -s 'w' -l 'zone' -d 'Zone of both directions, 0 to 65535' -rfka '(__ftctl_custom_completion ---completion monitor -- --zone (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" orig-zone' -l 'orig-zone' -d 'Zone of the original direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" reply-zone' -l 'reply-zone' -d 'Zone of the reply direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" state' -l 'state' -d 'States of TCP, SCTP or DCCP, a comma between' -rfka '(__ftctl_custom_completion ---completion monitor -- --state (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" status u' -s 'u' -l 'status' -d 'Status flags that are set, or with ! not set: ASSURED, SEEN_REPLY, OFFLOAD, …' -rfka '(__ftctl_custom_completion ---completion monitor -- --status (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" n src-nat' -s 'n' -l 'src-nat' -d 'Flows with source NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" dst-nat g' -s 'g' -l 'dst-nat' -d 'Flows with destination NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" any-nat' -l 'any-nat' -d 'Flows with NAT of either kind' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" offload' -l 'offload' -d 'Flows by tag: any (in a flowtable), software, hardware, none' -rfka 'any software hardware none'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor"' -l 'flowtable' -d 'Flows that this flowtable carries: NAME, or FAMILY TABLE NAME' -rfka '(__ftctl_custom_completion ---completion monitor -- --flowtable (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" device' -l 'device' -d 'Offloaded flows that go through this device' -rfka '(__ftctl_custom_completion ---completion monitor -- --device (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" min-bytes' -l 'min-bytes' -d 'At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" min-packets' -l 'min-packets' -d 'At least so many packets in both directions' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" older-than' -l 'older-than' -d 'Started at least so long ago: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" expires-within' -l 'expires-within' -d 'Expires within this time: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" where' -l 'where' -d 'All of it as one expression, for example \'tcp and dport in {80,443} and not offload\'' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" o output' -s 'o' -l 'output' -d 'Format: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them' -rfka 'line table json jsonl xml save csv prometheus extended id timestamp ktimestamp labels userspace'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" j json' -s 'j' -l 'json' -d 'Short for -o json'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" e event-mask events' -s 'e' -l 'events' -l 'event-mask' -d 'Events to print: new, update, destroy, offload, classic, all (default: all)' -rfka 'new update destroy offload classic all'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" b buffer-size' -s 'b' -l 'buffer-size' -d 'Receive buffer in octets; k, M, G, Ki, Mi, Gi may follow (default: 32Mi)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" offload-interval' -l 'offload-interval' -d 'Seconds between two looks at the tags, which change without an event; 0 is never (default: 1; longer on large tables)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl monitor" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" netns' -l 'netns' -d 'Work in the network namespace of this name, as \'ip -n\' does; some subcommands take \'all\'' -rfka '(__ftctl_custom_completion ---completion delete -- --netns (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" color' -l 'color' -d 'Colour the output (default: auto, on a terminal unless NO_COLOR is set)' -rfka 'auto always never'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" f family' -s 'f' -l 'family' -d 'Address family' -rfka 'ipv4 ipv6'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" p proto protonum' -s 'p' -l 'proto' -l 'protonum' -d 'Layer 4 protocols: names or numbers, a comma between' -rfka '(__ftctl_custom_completion ---completion delete -- --proto (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" orig-src s src' -s 's' -l 'src' -l 'orig-src' -d 'Source in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" d dst orig-dst' -s 'd' -l 'dst' -l 'orig-dst' -d 'Destination in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" r reply-src' -s 'r' -l 'reply-src' -d 'Source in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" q reply-dst' -s 'q' -l 'reply-dst' -d 'Destination in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" orig-port-src sport' -l 'sport' -l 'orig-port-src' -d 'Source port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" dport orig-port-dst' -l 'dport' -l 'orig-port-dst' -d 'Destination port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" reply-port-src reply-sport' -l 'reply-sport' -l 'reply-port-src' -d 'Source port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" reply-dport reply-port-dst' -l 'reply-dport' -l 'reply-port-dst' -d 'Destination port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" m mark' -s 'm' -l 'mark' -d 'Mark: decimal, 0x hexadecimal or octal; only the mask\'s bits count' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete"' -s 'l' -l 'label' -d 'Labels, all of which are set: names or bit numbers' -rfka '(__ftctl_custom_completion ---completion delete -- --label (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" w zone' -s 'w' -l 'zone' -d 'Zone of both directions, 0 to 65535' -rfka '(__ftctl_custom_completion ---completion delete -- --zone (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" orig-zone' -l 'orig-zone' -d 'Zone of the original direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" reply-zone' -l 'reply-zone' -d 'Zone of the reply direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" state' -l 'state' -d 'States of TCP, SCTP or DCCP, a comma between' -rfka '(__ftctl_custom_completion ---completion delete -- --state (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" status u' -s 'u' -l 'status' -d 'Status flags that are set, or with ! not set: ASSURED, SEEN_REPLY, OFFLOAD, …' -rfka '(__ftctl_custom_completion ---completion delete -- --status (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" n src-nat' -s 'n' -l 'src-nat' -d 'Flows with source NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" dst-nat g' -s 'g' -l 'dst-nat' -d 'Flows with destination NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" any-nat' -l 'any-nat' -d 'Flows with NAT of either kind' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" offload' -l 'offload' -d 'Flows by tag: any (in a flowtable), software, hardware, none' -rfka 'any software hardware none'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete"' -l 'flowtable' -d 'Flows that this flowtable carries: NAME, or FAMILY TABLE NAME' -rfka '(__ftctl_custom_completion ---completion delete -- --flowtable (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" device' -l 'device' -d 'Offloaded flows that go through this device' -rfka '(__ftctl_custom_completion ---completion delete -- --device (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" min-bytes' -l 'min-bytes' -d 'At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" min-packets' -l 'min-packets' -d 'At least so many packets in both directions' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" older-than' -l 'older-than' -d 'Started at least so long ago: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" expires-within' -l 'expires-within' -d 'Expires within this time: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" where' -l 'where' -d 'All of it as one expression, for example \'tcp and dport in {80,443} and not offload\'' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" dry-run' -l 'dry-run' -d 'Change nothing; print what would be changed'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" allow-none' -l 'allow-none' -d 'End with status 0, not 3, when nothing matched'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" report' -l 'report' -d 'Print each flow with what was done to it, why and when (default form: line)' -rfka 'line json jsonl'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl delete" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" netns' -l 'netns' -d 'Work in the network namespace of this name, as \'ip -n\' does; some subcommands take \'all\'' -rfka '(__ftctl_custom_completion ---completion flush -- --netns (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" color' -l 'color' -d 'Colour the output (default: auto, on a terminal unless NO_COLOR is set)' -rfka 'auto always never'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" f family' -s 'f' -l 'family' -d 'Address family' -rfka 'ipv4 ipv6'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" p proto protonum' -s 'p' -l 'proto' -l 'protonum' -d 'Layer 4 protocols: names or numbers, a comma between' -rfka '(__ftctl_custom_completion ---completion flush -- --proto (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" orig-src s src' -s 's' -l 'src' -l 'orig-src' -d 'Source in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" d dst orig-dst' -s 'd' -l 'dst' -l 'orig-dst' -d 'Destination in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" r reply-src' -s 'r' -l 'reply-src' -d 'Source in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" q reply-dst' -s 'q' -l 'reply-dst' -d 'Destination in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" orig-port-src sport' -l 'sport' -l 'orig-port-src' -d 'Source port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" dport orig-port-dst' -l 'dport' -l 'orig-port-dst' -d 'Destination port or range of ports' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" reply-port-src reply-sport' -l 'reply-sport' -l 'reply-port-src' -d 'Source port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" reply-dport reply-port-dst' -l 'reply-dport' -l 'reply-port-dst' -d 'Destination port in reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" m mark' -s 'm' -l 'mark' -d 'Mark: decimal, 0x hexadecimal or octal; only the mask\'s bits count' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush"' -s 'l' -l 'label' -d 'Labels, all of which are set: names or bit numbers' -rfka '(__ftctl_custom_completion ---completion flush -- --label (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" w zone' -s 'w' -l 'zone' -d 'Zone of both directions, 0 to 65535' -rfka '(__ftctl_custom_completion ---completion flush -- --zone (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" orig-zone' -l 'orig-zone' -d 'Zone of the original direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" reply-zone' -l 'reply-zone' -d 'Zone of the reply direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" state' -l 'state' -d 'States of TCP, SCTP or DCCP, a comma between' -rfka '(__ftctl_custom_completion ---completion flush -- --state (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" status u' -s 'u' -l 'status' -d 'Status flags that are set, or with ! not set: ASSURED, SEEN_REPLY, OFFLOAD, …' -rfka '(__ftctl_custom_completion ---completion flush -- --status (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" n src-nat' -s 'n' -l 'src-nat' -d 'Flows with source NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" dst-nat g' -s 'g' -l 'dst-nat' -d 'Flows with destination NAT, to this address where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" any-nat' -l 'any-nat' -d 'Flows with NAT of either kind' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" offload' -l 'offload' -d 'Flows by tag: any (in a flowtable), software, hardware, none' -rfka 'any software hardware none'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush"' -l 'flowtable' -d 'Flows that this flowtable carries: NAME, or FAMILY TABLE NAME' -rfka '(__ftctl_custom_completion ---completion flush -- --flowtable (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" device' -l 'device' -d 'Offloaded flows that go through this device' -rfka '(__ftctl_custom_completion ---completion flush -- --device (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" min-bytes' -l 'min-bytes' -d 'At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" min-packets' -l 'min-packets' -d 'At least so many packets in both directions' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" older-than' -l 'older-than' -d 'Started at least so long ago: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" expires-within' -l 'expires-within' -d 'Expires within this time: seconds, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" where' -l 'where' -d 'All of it as one expression, for example \'tcp and dport in {80,443} and not offload\'' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" yes' -l 'yes' -d 'Do not ask'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" dry-run' -l 'dry-run' -d 'Change nothing; say how many flows would be deleted'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" report' -l 'report' -d 'Print each flow that is deleted, why and when; never by the kernel\'s filter (default form: line)' -rfka 'line json jsonl'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl flush" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" netns' -l 'netns' -d 'Work in the network namespace of this name, as \'ip -n\' does; some subcommands take \'all\'' -rfka '(__ftctl_custom_completion ---completion add -- --netns (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" color' -l 'color' -d 'Colour the output (default: auto, on a terminal unless NO_COLOR is set)' -rfka 'auto always never'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" p proto protonum' -s 'p' -l 'proto' -l 'protonum' -d 'Layer 4 protocol: a name or a number' -rfka '(__ftctl_custom_completion ---completion add -- --proto (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" orig-src s src' -s 's' -l 'src' -l 'orig-src' -d 'Source in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" d dst orig-dst' -s 'd' -l 'dst' -l 'orig-dst' -d 'Destination in original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" r reply-src' -s 'r' -l 'reply-src' -d 'Source in reply direction (default: the destination)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" q reply-dst' -s 'q' -l 'reply-dst' -d 'Destination in reply direction (default: the source)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" orig-port-src sport srckey' -l 'sport' -l 'orig-port-src' -l 'srckey' -d 'Source port, or key of GRE' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" dport dstkey orig-port-dst' -l 'dport' -l 'orig-port-dst' -l 'dstkey' -d 'Destination port, or key of GRE' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" reply-key-src reply-port-src reply-sport' -l 'reply-sport' -l 'reply-port-src' -l 'reply-key-src' -d 'Source port in reply direction (default: the destination port)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" reply-dport reply-key-dst reply-port-dst' -l 'reply-dport' -l 'reply-port-dst' -l 'reply-key-dst' -d 'Destination port in reply direction (default: the source port)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" icmp-type icmpv6-type' -l 'icmp-type' -l 'icmpv6-type' -d 'Type of ICMP or ICMPv6, 0 to 255' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" icmp-code icmpv6-code' -l 'icmp-code' -l 'icmpv6-code' -d 'Code of ICMP or ICMPv6, 0 to 255 (default: 0)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" icmp-id icmpv6-id' -l 'icmp-id' -l 'icmpv6-id' -d 'Id of ICMP or ICMPv6, 0 to 65535 (default: 0)' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" t timeout' -s 't' -l 'timeout' -d 'Seconds until the flow expires, or 5m, 2h, 1d' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" state' -l 'state' -d 'State of TCP, SCTP or DCCP' -rfka '(__ftctl_custom_completion ---completion add -- --state (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" status u' -s 'u' -l 'status' -d 'Status flags to set: SEEN_REPLY, ASSURED, FIXED_TIMEOUT' -rfka '(__ftctl_custom_completion ---completion add -- --status (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" m mark' -s 'm' -l 'mark' -d 'Mark: decimal, 0x hexadecimal or octal' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add"' -s 'l' -l 'label' -l 'label-add' -d 'Labels to set: names or bit numbers' -rfka '(__ftctl_custom_completion ---completion add -- --label (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" w zone' -s 'w' -l 'zone' -d 'Zone of both directions, 0 to 65535' -rfka '(__ftctl_custom_completion ---completion add -- --zone (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" orig-zone' -l 'orig-zone' -d 'Zone of the original direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" reply-zone' -l 'reply-zone' -d 'Zone of the reply direction alone' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" n src-nat' -s 'n' -l 'src-nat' -d 'Translate the source to this address, and port where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" dst-nat g' -s 'g' -l 'dst-nat' -d 'Translate the destination to this address, and port where one is given' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" helper' -l 'helper' -d 'Connection tracking helper of the kernel: ftp, tftp, sip, …' -rfka '(__ftctl_custom_completion ---completion add -- --helper (count (__ftctl_tokens -pc)) (__ftctl_tokens -tC))'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" orig-vtag' -l 'orig-vtag' -d 'SCTP verification tag, original direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" reply-vtag' -l 'reply-vtag' -d 'SCTP verification tag, reply direction' -rfka ''
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" from' -l 'from' -d 'Add the flows of this file, in the forms jsonl or save; - is standard input' -rF
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" skip-existing' -l 'skip-existing' -d 'With --from: pass over flows that are there, instead of failing'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" dry-run' -l 'dry-run' -d 'Change nothing; check the options or the file'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl add" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl conntrack" version' -l 'version' -d 'Show the version.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl conntrack" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'ftctl' -n '__ftctl_should_offer_completions_for_flags_or_options "ftctl help" version' -l 'version' -d 'Show the version.'
