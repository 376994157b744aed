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
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
            'top:Watch the flows that carry most'
            'annotate:Change mark, labels, timeout or helper of the flows of a selection'
            'delete:Delete the flows of a selection'
            'flush:Empty the conntrack table, or delete all that matches a selection at once'
            'add:Add a flow, or all flows of a file'
            'expect:Show and change the flows that helpers expect'
            'offload:Take flows off the fast path'
            'flowtable:Show and change flowtables'
            'rule:Show and change the rules that add flows to flowtables'
            'apply:Make flowtables and flow rules as a file describes them'
            'export:Write flowtables and flow rules in the form that apply reads'
            'explain:Say of flows why they are, or are not, on the fast path'
            'doctor:Check what kernel, modules, sysctls and devices can do for the fast path'
            'demo:Show a flow taking the fast path of the userspace engine'
            'run:Run a router with flowtables in this process, between TAP devices'
            'replay:Let the userspace engine forward the frames of captures, and capture what leaves'
            'trace:Follow packets through a running userspace engine, step by step'
            'verify:Play recorded traces of a kernel on the userspace engine and compare'
            'exec:Run a program whose netlink sockets reach a userspace engine'
            'conntrack:Do what conntrack(8) does, with its command line and its output'
            'help:Show subcommand help information.'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        list|get|count|stats|monitor|top|annotate|delete|flush|add|expect|offload|flowtable|rule|apply|export|explain|doctor|demo|run|replay|trace|verify|exec|conntrack|help)
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
    local -ar ___sort=('event' 'netns' 'family' 'proto' 'state' 'source' 'destination' 'translation' 'tag' 'flowtable' 'devices' 'packets' 'bytes' 'expires' 'mark' 'zone' 'labels' 'helper' 'status' 'age' 'start' 'use' 'id' 'bitrate' 'pktrate')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion list -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion list -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion list -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
        '*'{-o,--output}'[Format\: line (default), table, json, jsonl, xml, save, csv; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them]:format\[,modifier…\]:{__ftctl_custom_complete ---completion list -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '--columns[Columns of the table, a comma between (default\: the most useful)]:name\[,…\]:{__ftctl_custom_complete ---completion list -- --columns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion get -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion get -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion get -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
        '*'{-o,--output}'[Format\: line (default), json, jsonl, xml, save, csv; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them]:format\[,modifier…\]:{__ftctl_custom_complete ---completion get -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion count -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion count -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion count -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
        '*'{-o,--output}'[Format\: line (default), table, json, jsonl, csv, prometheus]:format:{__ftctl_custom_complete ---completion count -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '--by[Count for each value, or combination of values, of these\: family, proto, state, offload, flowtable, src, dst, sport, dport, reply-src, reply-dst, reply-sport, reply-dport, mark, zone, label, helper, nat, assured, replied]:key\[,…\]:{__ftctl_custom_complete ---completion count -- --by "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion stats -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion stats -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*'{-o,--output}'[Format\: line (default), table, json, jsonl, csv, prometheus]:format:{__ftctl_custom_complete ---completion stats -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion monitor -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion monitor -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion monitor -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
        '*'{-o,--output}'[Format\: line (default), jsonl, json, xml, save, csv; with line also extended, id, timestamp, ktimestamp, labels, userspace, as conntrack has them]:format\[,modifier…\]:{__ftctl_custom_complete ---completion monitor -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '(-e --events --event-mask)'{-e,--events,--event-mask}'[Events to print\: new, update, destroy, offload, classic, all (default\: all)]:event\[,…\]:{__ftctl_custom_complete ---completion monitor -- --events "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-b --buffer-size)'{-b,--buffer-size}'[Receive buffer in octets; k, M, G, Ki, Mi, Gi may follow (default\: 32Mi)]:octets:'
        '--offload-interval[Seconds between two looks at the tags, which change without an event; 0 is never (default\: 1; longer on large tables)]:seconds:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_top() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar ___sort=('event' 'netns' 'family' 'proto' 'state' 'source' 'destination' 'translation' 'tag' 'flowtable' 'devices' 'packets' 'bytes' 'expires' 'mark' 'zone' 'labels' 'helper' 'status' 'age' 'start' 'use' 'id' 'bitrate' 'pktrate')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion top -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion top -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion top -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion top -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion top -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion top -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion top -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion top -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion top -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
        '--columns[Columns of the table, a comma between (default\: the most useful)]:name\[,…\]:{__ftctl_custom_complete ---completion top -- --columns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--sort[Sort by this column, numbers with the largest first; the table is then held in memory]:column:{__ftctl_complete "${___sort[@]}"}'
        '--reverse[Sort the other way round]'
        '--limit[Show so many flows at most (default\: all)]:n:'
        '--resolve[Show names of hosts and services, where they are known, instead of numbers]'
        '--wide[Show all columns, with exact numbers]'
        '--interval[Seconds between two looks (default\: 2)]:seconds:'
        '--count[End after so many tables (default\: none)]:n:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_annotate() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar ___report=('line' 'json' 'jsonl')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion annotate -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion annotate -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion annotate -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion annotate -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion annotate -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion annotate -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion annotate -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion annotate -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion annotate -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
        '--dry-run[Change nothing; print what would be changed]'
        '--allow-none[End with status 0, not 3, when nothing matched]'
        '--report[Print each flow with what was done to it, why and when (default form\: line)]:line|json|jsonl:{__ftctl_complete "${___report[@]}"}'
        '--set-mark[New mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits change]:value\[/mask\]:'
        '--set-label[Set these labels\: names or bit numbers]:name:{__ftctl_custom_complete ---completion annotate -- --set-label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--clear-label[Clear these labels\: names, bit numbers, or all]:name:{__ftctl_custom_complete ---completion annotate -- --clear-label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--set-timeout[Let the flow expire in so many seconds from now, or 5m, 2h, 1d]:duration:'
        '--set-helper[The flow'\''s helper\: a flow without one cannot get one]:name:{__ftctl_custom_complete ---completion annotate -- --set-helper "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion delete -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion delete -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
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
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion flush -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion flush -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
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
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion add -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
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

_ftctl_expect() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion expect -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion expect -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'list:List expectations'
            'get:Show one expectation, and fail when there is none'
            'add:Add an expectation'
            'delete:Delete one expectation, and fail when there is none'
            'flush:Delete all expectations, or those of a helper'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        list|get|add|delete|flush)
            "_ftctl_expect_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_ftctl_expect_list() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion expect list -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion expect list -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*'{-o,--output}'[Format\: line (default), json, jsonl]:format:{__ftctl_custom_complete ---completion expect list -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '--helper[Those of this helper alone]:name:{__ftctl_custom_complete ---completion expect list -- --helper "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_expect_get() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___proto=('tcp' 'udp' 'sctp')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion expect get -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion expect get -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-p --proto)'{-p,--proto}'[Layer 4 protocol\: a name or a number]:name|number:{__ftctl_complete "${___proto[@]}"}'
        '(-s --src)'{-s,--src}'[Source]:addr:'
        '(-d --dst)'{-d,--dst}'[Destination]:addr:'
        '--sport[Source port (default\: 0)]:port:'
        '--dport[Destination port]:port:'
        '(-w --zone)'{-w,--zone}'[Zone of the master, 0 to 65535 (default\: 0)]:n:'
        '*'{-o,--output}'[Format\: line (default), json, jsonl]:format:{__ftctl_custom_complete ---completion expect get -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_expect_add() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___proto=('tcp' 'udp' 'sctp')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion expect add -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion expect add -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-p --proto)'{-p,--proto}'[Layer 4 protocol\: a name or a number]:name|number:{__ftctl_complete "${___proto[@]}"}'
        '(-s --src)'{-s,--src}'[Source]:addr:'
        '(-d --dst)'{-d,--dst}'[Destination]:addr:'
        '--sport[Source port (default\: 0)]:port:'
        '--dport[Destination port]:port:'
        '(-w --zone)'{-w,--zone}'[Zone of the master, 0 to 65535 (default\: 0)]:n:'
        '--mask-src[Bits of the source that count (default\: all)]:addr:'
        '--mask-sport[Bits of the source port that count (default\: 0xffff)]:mask:'
        '--master-proto[Protocol of the master (default\: that of the expected flow)]:name|number:'
        '--master-src[Source of the master]:addr:'
        '--master-dst[Destination of the master]:addr:'
        '--master-sport[Source port of the master]:port:'
        '--master-dport[Destination port of the master]:port:'
        '--helper[Helper of the expected flow]:name:{__ftctl_custom_complete ---completion expect add -- --helper "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--class[Class of the master'\''s helper (default\: 0)]:n:'
        '--permanent[Keep the expectation when its flow has come]'
        '--inactive[Expect nothing until the flag is taken away]'
        '--dry-run[Change nothing; check the options]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_expect_delete() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___proto=('tcp' 'udp' 'sctp')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion expect delete -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion expect delete -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-p --proto)'{-p,--proto}'[Layer 4 protocol\: a name or a number]:name|number:{__ftctl_complete "${___proto[@]}"}'
        '(-s --src)'{-s,--src}'[Source]:addr:'
        '(-d --dst)'{-d,--dst}'[Destination]:addr:'
        '--sport[Source port (default\: 0)]:port:'
        '--dport[Destination port]:port:'
        '(-w --zone)'{-w,--zone}'[Zone of the master, 0 to 65535 (default\: 0)]:n:'
        '--dry-run[Change nothing; say whether there is one]'
        '--allow-none[End with status 0, not 3, when there is none]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_expect_flush() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion expect flush -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion expect flush -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--helper[Those of this helper alone]:name:{__ftctl_custom_complete ---completion expect flush -- --helper "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--dry-run[Change nothing; say how many would be deleted]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_offload() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion offload -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion offload -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'clear:Take the offloaded flows of a selection off the fast path'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        clear)
            "_ftctl_offload_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_ftctl_offload_clear() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar ___report=('line' 'json' 'jsonl')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion offload clear -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion offload clear -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion offload clear -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion offload clear -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion offload clear -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion offload clear -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion offload clear -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion offload clear -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion offload clear -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
        '--dry-run[Change nothing; print what would be changed]'
        '--allow-none[End with status 0, not 3, when nothing matched]'
        '--report[Print each flow with what was done to it, why and when (default form\: line)]:line|json|jsonl:{__ftctl_complete "${___report[@]}"}'
        '--stale[Those alone whose route, neighbour, bridge port or device no longer agrees with what they use]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_flowtable() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion flowtable -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion flowtable -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'list:List flowtables with their flows, rules and devices'
            'show:Show one flowtable'
            'add:Create a flowtable, and its table where that is missing'
            'delete:Delete a flowtable, or take devices from it'
            'enable:Send forwarded flows between devices along the fast path'
            'disable:Take away what enable made'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        list|show|add|delete|enable|disable)
            "_ftctl_flowtable_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_ftctl_flowtable_list() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion flowtable list -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion flowtable list -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*'{-o,--output}'[Format\: line (default), table, json, prometheus]:format:{__ftctl_custom_complete ---completion flowtable list -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '*:family \[table\]:{__ftctl_custom_complete ---completion flowtable list -- positional@0 "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_flowtable_show() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion flowtable show -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion flowtable show -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*'{-o,--output}'[Format\: line (default), table, json, prometheus]:format:{__ftctl_custom_complete ---completion flowtable show -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '*:\[family\] table name:{__ftctl_custom_complete ---completion flowtable show -- positional@0 "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_flowtable_add() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion flowtable add -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion flowtable add -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*:\[family\] table name:{__ftctl_custom_complete ---completion flowtable add -- positional@0 "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-d --device)'{-d,--device}'[Devices whose packets take the fast path; NAME* stands for all that begin so (Linux 6.16)]:device:{__ftctl_custom_complete ---completion flowtable add -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--priority[Priority of the ingress hook, smaller first (default\: 0)]:n:'
        '--counter[Count packets of the fast path in their conntrack entries (needs net.netfilter.nf_conntrack_acct=1)]'
        '--hw-offload[Hand flows to the hardware; every device'\''s driver must be able to]'
        '--ensure[Bring an existing flowtable into line instead of failing]'
        '--dry-run[Print the change in nft syntax and have the kernel check it, but change nothing]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_flowtable_delete() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion flowtable delete -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion flowtable delete -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*:\[family\] table name:{__ftctl_custom_complete ---completion flowtable delete -- positional@0 "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-d --device)'{-d,--device}'[Take only these devices from it]:device:{__ftctl_custom_complete ---completion flowtable delete -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--force[Delete the rules that use it in the same batch]'
        '--ensure[Do nothing, and do not fail, when it is gone already]'
        '--dry-run[Print the change in nft syntax and have the kernel check it, but change nothing]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_flowtable_enable() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion flowtable enable -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion flowtable enable -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--family[Family of the table\: inet, ip or ip6 (default\: inet)]:family:'
        '--table[Table (default\: x)]:name:'
        '--name[Flowtable (default\: f)]:name:'
        '--chain[Forward chain (default\: y)]:name:'
        '*:device:{__ftctl_custom_complete ---completion flowtable enable -- positional@0 "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--proto[Protocols of both families, a comma between\: tcp, udp, gre (default\: TCP over IPv4, as in the documentation)]:name\[,…\]:{__ftctl_custom_complete ---completion flowtable enable -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--counter[Count packets of the fast path in their conntrack entries]'
        '--hw-offload[Hand flows to the hardware]'
        '--dry-run[Have the kernel check the change, but change nothing]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_flowtable_disable() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion flowtable disable -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion flowtable disable -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--family[Family of the table\: inet, ip or ip6 (default\: inet)]:family:'
        '--table[Table (default\: x)]:name:'
        '--name[Flowtable (default\: f)]:name:'
        '--chain[Forward chain (default\: y)]:name:'
        '--dry-run[Have the kernel check the change, but change nothing]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_rule() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion rule -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion rule -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
        '(-): :->command'
        '(-)*:: :->arg'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0
    case "${state}" in
    command)
        local -ar subcommands=(
            'list:List the rules that add flows to flowtables'
            'add:Add a rule that adds flows to a flowtable'
            'delete:Delete rules that add flows to flowtables'
        )
        _describe -V subcommand subcommands && ret=0
        ;;
    arg)
        case "${words[1]}" in
        list|add|delete)
            "_ftctl_rule_${words[1]}" && ret=0
            ;;
        esac
        ;;
    esac

    return "${ret}"
}

_ftctl_rule_list() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion rule list -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion rule list -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*'{-o,--output}'[Format\: line (default), table, json]:format:{__ftctl_custom_complete ---completion rule list -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '*:family \[table \[chain\]\]:{__ftctl_custom_complete ---completion rule list -- positional@0 "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_rule_add() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion rule add -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion rule add -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--flowtable[The flowtable that flows are added to, of the same table]:name:{__ftctl_custom_complete ---completion rule add -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--iif[Input devices, a comma between; NAME* alone]:device:{__ftctl_custom_complete ---completion rule add -- --iif "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--oif[Output devices, a comma between; NAME* alone]:device:{__ftctl_custom_complete ---completion rule add -- --oif "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-p --proto)'{-p,--proto}'[Layer 4 protocols, a comma between]:name:{__ftctl_custom_complete ---completion rule add -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--sport[Source ports or ranges, a comma between; needs --proto]:port\[-port\]:'
        '--dport[Destination ports or ranges, a comma between; needs --proto]:port\[-port\]:'
        '(-s --src)'{-s,--src}'[Source addresses, a comma between]:addr\[/len\]:'
        '(-d --dst)'{-d,--dst}'[Destination addresses, a comma between]:addr\[/len\]:'
        '--ct-state[States\: established, related, new, invalid, untracked]:state\[,…\]:{__ftctl_custom_complete ---completion rule add -- --ct-state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[Only flows that have had so many octets (needs net.netfilter.nf_conntrack_acct=1)]:n:'
        '--counter[Count the flows that the rule adds]'
        '--comment[A comment, 127 octets at most]:text:'
        '*:\[family\] table chain:{__ftctl_custom_complete ---completion rule add -- positional@0 "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--position[Behind the rule with this handle; with --insert, before it]:handle:'
        '--insert[At the chain'\''s beginning instead of its end]'
        '--create-chain[Make the chain, attached to forward with priority 0, where it is missing]'
        '--ensure[Do nothing when the chain has the same rule already]'
        '--dry-run[Print the change in nft syntax and have the kernel check it, but change nothing]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_rule_delete() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion rule delete -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion rule delete -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--flowtable[The flowtable that flows are added to, of the same table]:name:{__ftctl_custom_complete ---completion rule delete -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--iif[Input devices, a comma between; NAME* alone]:device:{__ftctl_custom_complete ---completion rule delete -- --iif "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--oif[Output devices, a comma between; NAME* alone]:device:{__ftctl_custom_complete ---completion rule delete -- --oif "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-p --proto)'{-p,--proto}'[Layer 4 protocols, a comma between]:name:{__ftctl_custom_complete ---completion rule delete -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--sport[Source ports or ranges, a comma between; needs --proto]:port\[-port\]:'
        '--dport[Destination ports or ranges, a comma between; needs --proto]:port\[-port\]:'
        '(-s --src)'{-s,--src}'[Source addresses, a comma between]:addr\[/len\]:'
        '(-d --dst)'{-d,--dst}'[Destination addresses, a comma between]:addr\[/len\]:'
        '--ct-state[States\: established, related, new, invalid, untracked]:state\[,…\]:{__ftctl_custom_complete ---completion rule delete -- --ct-state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[Only flows that have had so many octets (needs net.netfilter.nf_conntrack_acct=1)]:n:'
        '--counter[Count the flows that the rule adds]'
        '--comment[A comment, 127 octets at most]:text:'
        '*:\[family\] table chain:{__ftctl_custom_complete ---completion rule delete -- positional@0 "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--handle[The rule with this handle]:n:'
        '--dry-run[Print the change in nft syntax and have the kernel check it, but change nothing]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_apply() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion apply -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion apply -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        ':file:_files'
        '--check[Change nothing; status 1 when there is a difference]'
        '--exclusive[Delete flowtables and flow rules of tables that the file does not name, too]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_export() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion export -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion export -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*'{-o,--output}'[Format\: line (default), json]:format:{__ftctl_custom_complete ---completion export -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '*:family \[table\]:{__ftctl_custom_complete ---completion export -- positional@0 "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_explain() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion explain -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion explain -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion explain -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion explain -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion explain -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion explain -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion explain -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion explain -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion explain -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
        '*'{-o,--output}'[Format\: line (default), json, jsonl]:format:{__ftctl_custom_complete ---completion explain -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_doctor() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion doctor -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion doctor -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[One JSON object instead of lines]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_demo() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___kernel=('6.1' '6.12' '7.2')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion demo -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion demo -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--seconds[How long the transfer takes (default\: 2)]:seconds:'
        '--kernel[Whose behaviour to show\: 6.1, 6.12, 7.2 (default\: 6.12)]:release:{__ftctl_complete "${___kernel[@]}"}'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_run() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___kernel=('6.1' '6.12' '7.2')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion run -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion run -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*--tap[A TAP device, in a named network namespace where one is given, and the router'\''s addresses there; repeatable]:device\[@netns\]=address/length\[,…\]:'
        '*--hardware[A device of --tap that carries flows in simulated hardware; repeatable]:device:'
        '*--route[A route by a gateway, or on a device'\''s link; repeatable]:prefix=gateway|device:'
        '--topology[Devices, routes, rules, neighbours and sysctls as JSON; ftctl-engine(7) describes it]:file:_files -g '\''*.json'\'''
        '--kernel[Whose behaviour to reproduce\: 6.1, 6.12, 7.2 (default\: 6.12)]:release:{__ftctl_complete "${___kernel[@]}"}'
        '--enable[Send TCP flows between the TAP devices along the fast path, as '\''flowtable enable'\'' does]'
        '--ruleset[Rules in nft'\''s syntax, loaded by nft(8)]:file:_files'
        '--queues[Queues of each TAP device, each served by a thread of its own; at most 64]:number:'
        '--user[The user to become once the devices are open]:name:'
        '--persist[Leave the TAP devices there when the router ends]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_replay() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___kernel=('6.1' '6.12' '7.2')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion replay -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion replay -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*--tap[A TAP device, in a named network namespace where one is given, and the router'\''s addresses there; repeatable]:device\[@netns\]=address/length\[,…\]:'
        '*--hardware[A device of --tap that carries flows in simulated hardware; repeatable]:device:'
        '*--route[A route by a gateway, or on a device'\''s link; repeatable]:prefix=gateway|device:'
        '--topology[Devices, routes, rules, neighbours and sysctls as JSON; ftctl-engine(7) describes it]:file:_files -g '\''*.json'\'''
        '--kernel[Whose behaviour to reproduce\: 6.1, 6.12, 7.2 (default\: 6.12)]:release:{__ftctl_complete "${___kernel[@]}"}'
        '*--in[Frames that arrive on a device; repeatable]:device=file:'
        '*--out[Where to write the frames that leave a device; repeatable]:device=file:'
        '--enable[Send TCP flows between the TAP devices along the fast path, as '\''flowtable enable'\'' does]'
        '--ruleset[Rules in nft'\''s syntax, loaded by nft(8)]:file:_files'
        '--report[Tell what became of each flow'\''s frames]'
        '(-j --json)'{-j,--json}'[The report as JSON]'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_trace() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___family=('ipv4' 'ipv6')
    local -ar ___offload=('any' 'software' 'hardware' 'none')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion trace -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion trace -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-f --family)'{-f,--family}'[Address family]:ipv4|ipv6:{__ftctl_complete "${___family[@]}"}'
        '(-p --proto --protonum)'{-p,--proto,--protonum}'[Layer 4 protocols\: names or numbers, a comma between]:name|number:{__ftctl_custom_complete ---completion trace -- --proto "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-s --src --orig-src)'{-s,--src,--orig-src}'[Source in original direction]:addr\[/len\]:'
        '(-d --dst --orig-dst)'{-d,--dst,--orig-dst}'[Destination in original direction]:addr\[/len\]:'
        '(-r --reply-src)'{-r,--reply-src}'[Source in reply direction]:addr\[/len\]:'
        '(-q --reply-dst)'{-q,--reply-dst}'[Destination in reply direction]:addr\[/len\]:'
        '(--sport --orig-port-src)'{--sport,--orig-port-src}'[Source port or range of ports]:port\[-port\]:'
        '(--dport --orig-port-dst)'{--dport,--orig-port-dst}'[Destination port or range of ports]:port\[-port\]:'
        '(--reply-sport --reply-port-src)'{--reply-sport,--reply-port-src}'[Source port in reply direction]:port\[-port\]:'
        '(--reply-dport --reply-port-dst)'{--reply-dport,--reply-port-dst}'[Destination port in reply direction]:port\[-port\]:'
        '(-m --mark)'{-m,--mark}'[Mark\: decimal, 0x hexadecimal or octal; only the mask'\''s bits count]:value\[/mask\]:'
        '(-l --label)'{-l,--label}'[Labels, all of which are set\: names or bit numbers]:name:{__ftctl_custom_complete ---completion trace -- --label "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-w --zone)'{-w,--zone}'[Zone of both directions, 0 to 65535]:n:{__ftctl_custom_complete ---completion trace -- --zone "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--orig-zone[Zone of the original direction alone]:n:'
        '--reply-zone[Zone of the reply direction alone]:n:'
        '--state[States of TCP, SCTP or DCCP, a comma between]:state\[,…\]:{__ftctl_custom_complete ---completion trace -- --state "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-u --status)'{-u,--status}'[Status flags that are set, or with ! not set\: EXPECTED, SEEN_REPLY, ASSURED, CONFIRMED, SRC_NAT, DST_NAT, SEQ_ADJUST, SRC_NAT_DONE, DST_NAT_DONE, DYING, FIXED_TIMEOUT, TEMPLATE, NAT_CLASH, HELPER, OFFLOAD, HW_OFFLOAD, UNREPLIED, REPLIED, SNAT, DNAT]:flag\[,…\]:{__ftctl_custom_complete ---completion trace -- --status "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-n --src-nat)'{-n,--src-nat}'[Flows with source NAT, to this address where one is given]:addr\[\:port\]:'
        '(-g --dst-nat)'{-g,--dst-nat}'[Flows with destination NAT, to this address where one is given]:addr\[\:port\]:'
        '--any-nat[Flows with NAT of either kind]:addr\[\:port\]:'
        '--offload[Flows by tag\: any (in a flowtable), software, hardware, none]:tag:{__ftctl_complete "${___offload[@]}"}'
        '--flowtable[Flows that this flowtable carries\: NAME, or FAMILY TABLE NAME]:name:{__ftctl_custom_complete ---completion trace -- --flowtable "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--device[Offloaded flows that go through this device]:name:{__ftctl_custom_complete ---completion trace -- --device "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--min-bytes[At least so many octets in both directions; k, M, G, Ki, Mi, Gi may follow]:n:'
        '--min-packets[At least so many packets in both directions]:n:'
        '--older-than[Started at least so long ago\: seconds, or 5m, 2h, 1d]:duration:'
        '--expires-within[Expires within this time\: seconds, or 5m, 2h, 1d]:duration:'
        '*--where[All of it as one expression, for example '\''tcp and dport in {80,443} and not offload'\''; of several, all must hold]:expression:'
        '*'{-o,--output}'[Format\: line (default), json, jsonl]:format:{__ftctl_custom_complete ---completion trace -- --output "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '(-j --json)'{-j,--json}'[Short for -o json]'
        '--input[Packets that arrive on this device]:device:{__ftctl_custom_complete ---completion trace -- --input "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--count[End after so many packets (default\: none)]:n:'
        '--flow[Follow the flow of the first packet alone, until its conntrack entry is gone]'
        '--rules[Show rules that did not match, too]'
        ':expression:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_verify() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar ___kernel=('6.1' '6.12' '7.2')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion verify -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion verify -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--kernel[Whose behaviour to reproduce\: 6.1, 6.12, 7.2 (default\: of the kernel that recorded each trace)]:release:{__ftctl_complete "${___kernel[@]}"}'
        '--list[Print the scenarios'\'' names and play none]'
        '--all[Print all differences of a scenario, not only the first]'
        ':folder:_files -/'
        '*:names:'
        '--version[Show the version.]'
        '(-h --help)'{-h,--help}'[Show help information.]'
    )
    _arguments -w -s -S : "${arg_specs[@]}" && ret=0

    return "${ret}"
}

_ftctl_exec() {
    local -i ret=1
    local -ar ___color=('auto' 'always' 'never')
    local -ar arg_specs=(
        '--netns[Work in the network namespace of this name, as '\''ip -n'\'' does; some subcommands take '\''all'\'']:name:{__ftctl_custom_complete ---completion exec -- --netns "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '--color[Colour the output (default\: auto, on a terminal unless NO_COLOR is set)]:when:{__ftctl_complete "${___color[@]}"}'
        '--userspace[Work with a running userspace engine in the kernel'\''s place, see '\''ftctl --userspace run'\'']'
        '--instance[The userspace engine'\''s name (default\: default)]:name:{__ftctl_custom_complete ---completion exec -- --instance "${current_word_index}" "$(__ftctl_cursor_index_in_current_word)"}'
        '*:command:'
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
