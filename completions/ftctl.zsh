#compdef ftctl

__ftctl_complete() {
    local -ar non_empty_completions=("${@:#(|:*)}")
    local -ar empty_completions=("${(M)@:#(|:*)}")
    _describe -V '' non_empty_completions -- empty_completions -P $'\'\''
}

__ftctl_custom_complete() {
    local -a completions
    completions=("${(@f)"$("${command_name}" "${@}" "${command_line[@]}")"}")
    if [[ "${#completions[@]}" -gt 1 ]]; then
        __ftctl_complete "${completions[@]:0:-1}"
    fi
}

__ftctl_cursor_index_in_current_word() {
    if [[ -z "${QIPREFIX}${IPREFIX}${PREFIX}" ]]; then
        printf 0
    else
        printf %s "${#${(z)LBUFFER}[-1]}"
    fi
}

_ftctl() {
    emulate -RL zsh -G
    setopt extendedglob nullglob numericglobsort
    unsetopt aliases banghist

    local -xr SAP_SHELL=zsh
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(builtin emulate zsh -c 'printf %s "${ZSH_VERSION}"')"
    local -r SAP_SHELL_VERSION

    local context state state_descr line
    local -A opt_args

    local -r command_name="${words[1]}"
    local -ar command_line=("${words[@]}")
    local -ir current_word_index="$((CURRENT - 1))"

    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'list:List the flows of the conntrack table'
            'get:Show particular flows, and fail when there are none'
            'count:Count flows, by state, protocol, source, tag or anything else'
            'stats:Show how full the table is and what it has dropped'
            'monitor:Print flows as they come, change and go'
            'delete:Delete the flows of a selection'
            'flush:Empty the conntrack table, or delete all that matches a selection at once'
            'add:Add a flow, or all flows of a file'
            'conntrack:Do what conntrack(8) does, with its command line and its output'
            'help:Show subcommand help information.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        list|get|count|stats|monitor|delete|flush|add|conntrack|help)
            "_ftctl_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_ftctl_list() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar ___output=('line' 'table' 'json' 'jsonl' 'xml' 'save' 'csv' 'prometheus' 'extended' 'id' 'timestamp' 'ktimestamp' 'labels' 'userspace')
    local -ar ___columns=('event' 'netns' 'family' 'proto' 'state' 'source' 'destination' 'translation' 'tag' 'flowtable' 'devices' 'packets' 'bytes' 'expires' 'mark' 'zone' 'labels' 'helper' 'status' 'age' 'start' 'use' 'id')
    local -ar ___sort=('event' 'netns' 'family' 'proto' 'state' 'source' 'destination' 'translation' 'tag' 'flowtable' 'devices' 'packets' 'bytes' 'expires' 'mark' 'zone' 'labels' 'helper' 'status' 'age' 'start' 'use' 'id')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion list -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion list -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion list -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion list -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion list -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: ASSURED, SEEN_REPLY, OFFLOAD, …]:flag\[,…\]:{__ftctl_custom_complete ---completion list -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion list -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion list -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\'']:expression:'
        '(-o --output)'{-o,--output}'[Format\: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them]:format\[,modifier…\]:{__ftctl_complete "${___output[@]}"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '--columns[Columns of the table, a comma between (default\: the most useful)]:name\[,…\]:{__ftctl_complete "${___columns[@]}"}'
        '--sort[Sort by this column, numbers with the largest first; the table is then held in memory]:column:{__ftctl_complete "${___sort[@]}"}'
        '--reverse[Sort the other way round]'
        '--limit[Show so many flows at most (default\: all)]:n:'
        '--resolve[Show names of hosts and services, where they are known, instead of numbers]'
        '--wide[Show all columns, with exact numbers]'
        '(-z --zero)'{-z,--zero}'[Set the counters of each flow to zero after reading them]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_get() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar ___output=('line' 'table' 'json' 'jsonl' 'xml' 'save' 'csv' 'prometheus' 'extended' 'id' 'timestamp' 'ktimestamp' 'labels' 'userspace')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion get -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion get -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion get -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion get -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion get -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: ASSURED, SEEN_REPLY, OFFLOAD, …]:flag\[,…\]:{__ftctl_custom_complete ---completion get -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion get -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion get -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\'']:expression:'
        '(-o --output)'{-o,--output}'[Format\: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them]:format\[,modifier…\]:{__ftctl_complete "${___output[@]}"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_count() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar ___output=('line' 'table' 'json' 'jsonl' 'xml' 'save' 'csv' 'prometheus' 'extended' 'id' 'timestamp' 'ktimestamp' 'labels' 'userspace')
    local -ar ___by=('family' 'proto' 'state' 'offload' 'flowtable' 'src' 'dst' 'sport' 'dport' 'reply-src' 'reply-dst' 'reply-sport' 'reply-dport' 'mark' 'zone' 'label' 'helper' 'nat' 'assured' 'replied')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion count -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion count -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion count -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion count -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion count -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: ASSURED, SEEN_REPLY, OFFLOAD, …]:flag\[,…\]:{__ftctl_custom_complete ---completion count -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion count -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion count -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\'']:expression:'
        '(-o --output)'{-o,--output}'[Format\: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them]:format\[,modifier…\]:{__ftctl_complete "${___output[@]}"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '--by[Count for each value, or combination of values, of these\: family, proto, state, offload, flowtable, src, dst, sport, dport, reply-src, reply-dst, reply-sport, reply-dport, mark, zone, label, helper, nat, assured, replied]:key\[,…\]:{__ftctl_complete "${___by[@]}"}'
        '--top[Show the largest so many groups (default\: all)]:n:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_stats() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___output=('line' 'table' 'json' 'jsonl' 'xml' 'save' 'csv' 'prometheus' 'extended' 'id' 'timestamp' 'ktimestamp' 'labels' 'userspace')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion stats -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '(-o --output)'{-o,--output}'[Format\: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them]:format\[,modifier…\]:{__ftctl_complete "${___output[@]}"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '--per-cpu[A column for each CPU instead of the sum alone]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_monitor() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar ___output=('line' 'table' 'json' 'jsonl' 'xml' 'save' 'csv' 'prometheus' 'extended' 'id' 'timestamp' 'ktimestamp' 'labels' 'userspace')
    local -ar ___events=('new' 'update' 'destroy' 'offload' 'classic' 'all')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion monitor -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion monitor -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion monitor -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion monitor -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion monitor -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: ASSURED, SEEN_REPLY, OFFLOAD, …]:flag\[,…\]:{__ftctl_custom_complete ---completion monitor -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion monitor -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion monitor -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\'']:expression:'
        '(-o --output)'{-o,--output}'[Format\: line (default), table, json, jsonl, xml, save, csv, prometheus; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them]:format\[,modifier…\]:{__ftctl_complete "${___output[@]}"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '(-e --events --event-mask)'{-e,--events,--event-mask}'[Events to print\: new, update, destroy, offload, classic, all (default\: all)]:event\[,…\]:{__ftctl_complete "${___events[@]}"}'
        '(-b --buffer-size)'{-b,--buffer-size}'[Receive buffer in octets; k, M, G, Ki, Mi, Gi may follow (default\: 32Mi)]:octets:'
        '--offload-interval[Seconds between two looks at the tags, which change without an event; 0 is never (default\: 1; longer on large tables)]:seconds:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_delete() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar ___report=('line' 'json' 'jsonl')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion delete -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion delete -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion delete -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion delete -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion delete -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: ASSURED, SEEN_REPLY, OFFLOAD, …]:flag\[,…\]:{__ftctl_custom_complete ---completion delete -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion delete -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion delete -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\'']:expression:'
        '--dry-run[Change nothing; print what would be changed]'
        '--allow-none[End with status 0, not 3, when nothing matched]'
        '--report[Print each flow with what was done to it, why and when (default form\: line)]:line|json|jsonl:{__ftctl_complete "${___report[@]}"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_flush() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar ___report=('line' 'json' 'jsonl')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion flush -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion flush -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion flush -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion flush -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion flush -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: ASSURED, SEEN_REPLY, OFFLOAD, …]:flag\[,…\]:{__ftctl_custom_complete ---completion flush -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion flush -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion flush -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\'']:expression:'
        '--yes[Do not ask]'
        '--dry-run[Change nothing; say how many flows would be deleted]'
        '--report[Print each flow that is deleted, why and when; never by the kernel'\''s filter (default form\: line)]:line|json|jsonl:{__ftctl_complete "${___report[@]}"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_add() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion add -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocol\: a name or a number]:name|number:{__ftctl_custom_complete ---completion add -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction (default\: the destination)]:addr:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction (default\: the source)]:addr:'
        '(--sport --orig-port-src --srckey)'{--sport,--orig-port-src,--srckey}'[Source port, or key of GRE]:port:'
        '(--dport --orig-port-dst --dstkey)'{--dport,--orig-port-dst,--dstkey}'[Destination port, or key of GRE]:port:'
        '(--reply-sport --reply-port-src --reply-key-src)'{--reply-sport,--reply-port-src,--reply-key-src}'[Source port in reply direction (default\: the destination port)]:port:'
        '(--reply-dport --reply-port-dst --reply-key-dst)'{--reply-dport,--reply-port-dst,--reply-key-dst}'[Destination port in reply direction (default\: the source port)]:port:'
        '(--icmp-type --icmpv6-type)'{--icmp-type,--icmpv6-type}'[Type of ICMP or ICMPv6, 0 to 255]:n:'
        '(--icmp-code --icmpv6-code)'{--icmp-code,--icmpv6-code}'[Code of ICMP or ICMPv6, 0 to 255 (default\: 0)]:n:'
        '(--icmp-id --icmpv6-id)'{--icmp-id,--icmpv6-id}'[Id of ICMP or ICMPv6, 0 to 65535 (default\: 0)]:n:'
        '(-t --timeout)'{-t,--timeout}'[Seconds until the flow expires, or 5m, 2h, 1d]:duration:'
        '--state[State of TCP, SCTP or DCCP]:state:{__ftctl_custom_complete ---completion add -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags to set\: SEEN_REPLY, ASSURED, FIXED_TIMEOUT]:flag\[,…\]:{__ftctl_custom_complete ---completion add -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal]:value:'
        '(-l --label --label-add)'{-l,--label,--label-add}'[Labels to set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion add -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion add -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '(-n --src-nat)'{-n,--src-nat}'[Translate the source to this address, and port where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Translate the destination to this address, and port where one is given]:addr\[\:port\]:'
        '--helper[Connection tracking helper of the kernel\: ftp, tftp, sip, …]:name:{__ftctl_custom_complete ---completion add -- --helper "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-vtag[SCTP verification tag, original direction]:n:'
        '--reply-vtag[SCTP verification tag, reply direction]:n:'
        '--from[Add the flows of this file, in the forms jsonl or save; - is standard input]:file:_files'
        '--skip-existing[With --from\: pass over flows that are there, instead of failing]'
        '--dry-run[Change nothing; check the options or the file]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_conntrack() {
    local -i ret=1
    local -ar arg_specs=(
        '*:option:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_help() {
    local -i ret=1
    local -ar arg_specs=(
        '*:subcommands:'
        '--version[Show the version.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

if [[ "${funcstack[1]}" = _ftctl ]]; then
    _ftctl "${@}"
else
    compdef _ftctl ftctl
fi
