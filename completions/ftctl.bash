#!/bin/bash

__ftctl_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__ftctl_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__ftctl_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__ftctl_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_ftctl() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--userspace --version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|get|count|stats|monitor|top|annotate|delete|flush|add|expect|offload|flowtable|rule|apply|export|explain|doctor|demo|run|replay|trace|verify|exec|conntrack|help)
        # Offer subcommand argument completions
        "_ftctl_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list get count stats monitor top annotate delete flush add expect offload flowtable rule apply export explain doctor demo run replay trace verify exec conntrack help' -- "${cur}"))
        ;;
    esac
}

_ftctl_list() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --reverse --resolve --wide -z --zero --version -h --help)
    repeating_options=(-l --label --flowtable --where -o --output)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within --columns --sort --limit)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--columns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion list -- --columns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--sort')
        __ftctl_add_completions -W 'event'$'\n''netns'$'\n''family'$'\n''proto'$'\n''state'$'\n''source'$'\n''destination'$'\n''translation'$'\n''tag'$'\n''flowtable'$'\n''devices'$'\n''packets'$'\n''bytes'$'\n''expires'$'\n''mark'$'\n''zone'$'\n''labels'$'\n''helper'$'\n''status'$'\n''age'$'\n''start'$'\n''use'$'\n''id'$'\n''bitrate'$'\n''pktrate'
        return
        ;;
    '--limit')
        return
        ;;
    esac
}

_ftctl_get() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-l --label --flowtable --where -o --output)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion get -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_count() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-l --label --flowtable --where -o --output)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within --by --top)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--by')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion count -- --by "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--top')
        return
        ;;
    esac
}

_ftctl_stats() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --per-cpu --version -h --help)
    repeating_options=(-o --output)
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion stats -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion stats -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion stats -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_monitor() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-l --label --flowtable --where -o --output)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within -e --events --event-mask -b --buffer-size --offload-interval)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-e'|'--events'|'--event-mask')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion monitor -- --events "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-b'|'--buffer-size')
        return
        ;;
    '--offload-interval')
        return
        ;;
    esac
}

_ftctl_top() {
    repeating_flags=()
    non_repeating_flags=(--userspace --reverse --resolve --wide --version -h --help)
    repeating_options=(-l --label --flowtable --where)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within --columns --sort --limit --interval --count)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '--columns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion top -- --columns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--sort')
        __ftctl_add_completions -W 'event'$'\n''netns'$'\n''family'$'\n''proto'$'\n''state'$'\n''source'$'\n''destination'$'\n''translation'$'\n''tag'$'\n''flowtable'$'\n''devices'$'\n''packets'$'\n''bytes'$'\n''expires'$'\n''mark'$'\n''zone'$'\n''labels'$'\n''helper'$'\n''status'$'\n''age'$'\n''start'$'\n''use'$'\n''id'$'\n''bitrate'$'\n''pktrate'
        return
        ;;
    '--limit')
        return
        ;;
    '--interval')
        return
        ;;
    '--count')
        return
        ;;
    esac
}

_ftctl_annotate() {
    repeating_flags=()
    non_repeating_flags=(--userspace --dry-run --allow-none --version -h --help)
    repeating_options=(-l --label --flowtable --where --set-label --clear-label)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within --report --set-mark --set-timeout --set-helper)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '--report')
        __ftctl_add_completions -W 'line'$'\n''json'$'\n''jsonl'
        return
        ;;
    '--set-mark')
        return
        ;;
    '--set-label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --set-label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--clear-label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --clear-label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--set-timeout')
        return
        ;;
    '--set-helper')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion annotate -- --set-helper "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_delete() {
    repeating_flags=()
    non_repeating_flags=(--userspace --dry-run --allow-none --version -h --help)
    repeating_options=(-l --label --flowtable --where)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within --report)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion delete -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion delete -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion delete -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion delete -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion delete -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion delete -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion delete -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion delete -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion delete -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '--report')
        __ftctl_add_completions -W 'line'$'\n''json'$'\n''jsonl'
        return
        ;;
    esac
}

_ftctl_flush() {
    repeating_flags=()
    non_repeating_flags=(--userspace --yes --dry-run --version -h --help)
    repeating_options=(-l --label --flowtable --where)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within --report)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flush -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flush -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flush -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flush -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flush -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flush -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flush -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flush -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flush -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '--report')
        __ftctl_add_completions -W 'line'$'\n''json'$'\n''jsonl'
        return
        ;;
    esac
}

_ftctl_add() {
    repeating_flags=()
    non_repeating_flags=(--userspace --skip-existing --dry-run --version -h --help)
    repeating_options=(-l --label --label-add)
    non_repeating_options=(--netns --color --instance -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --srckey --dport --orig-port-dst --dstkey --reply-sport --reply-port-src --reply-key-src --reply-dport --reply-port-dst --reply-key-dst --icmp-type --icmpv6-type --icmp-code --icmpv6-code --icmp-id --icmpv6-id -t --timeout --state -u --status -m --mark -w --zone --orig-zone --reply-zone -n --src-nat -g --dst-nat --helper --orig-vtag --reply-vtag --from)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion add -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion add -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion add -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src'|'--srckey')
        return
        ;;
    '--dport'|'--orig-port-dst'|'--dstkey')
        return
        ;;
    '--reply-sport'|'--reply-port-src'|'--reply-key-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst'|'--reply-key-dst')
        return
        ;;
    '--icmp-type'|'--icmpv6-type')
        return
        ;;
    '--icmp-code'|'--icmpv6-code')
        return
        ;;
    '--icmp-id'|'--icmpv6-id')
        return
        ;;
    '-t'|'--timeout')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion add -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion add -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label'|'--label-add')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion add -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion add -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--helper')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion add -- --helper "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-vtag')
        return
        ;;
    '--reply-vtag')
        return
        ;;
    '--from')
        __ftctl_add_completions -f
        return
        ;;
    esac
}

_ftctl_expect() {
    repeating_flags=()
    non_repeating_flags=(--userspace --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|get|add|delete|flush)
        # Offer subcommand argument completions
        "_ftctl_expect_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list get add delete flush' -- "${cur}"))
        ;;
    esac
}

_ftctl_expect_list() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-o --output)
    non_repeating_options=(--netns --color --instance -f --family --helper)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect list -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect list -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect list -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '--helper')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect list -- --helper "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_expect_get() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-o --output)
    non_repeating_options=(--netns --color --instance -p --proto -s --src -d --dst --sport --dport -w --zone)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect get -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect get -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-p'|'--proto')
        __ftctl_add_completions -W 'tcp'$'\n''udp'$'\n''sctp'
        return
        ;;
    '-s'|'--src')
        return
        ;;
    '-d'|'--dst')
        return
        ;;
    '--sport')
        return
        ;;
    '--dport')
        return
        ;;
    '-w'|'--zone')
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect get -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_expect_add() {
    repeating_flags=()
    non_repeating_flags=(--userspace --permanent --inactive --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance -p --proto -s --src -d --dst --sport --dport -w --zone --mask-src --mask-sport --master-proto --master-src --master-dst --master-sport --master-dport --helper --class)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect add -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect add -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-p'|'--proto')
        __ftctl_add_completions -W 'tcp'$'\n''udp'$'\n''sctp'
        return
        ;;
    '-s'|'--src')
        return
        ;;
    '-d'|'--dst')
        return
        ;;
    '--sport')
        return
        ;;
    '--dport')
        return
        ;;
    '-w'|'--zone')
        return
        ;;
    '--mask-src')
        return
        ;;
    '--mask-sport')
        return
        ;;
    '--master-proto')
        return
        ;;
    '--master-src')
        return
        ;;
    '--master-dst')
        return
        ;;
    '--master-sport')
        return
        ;;
    '--master-dport')
        return
        ;;
    '--helper')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect add -- --helper "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--class')
        return
        ;;
    esac
}

_ftctl_expect_delete() {
    repeating_flags=()
    non_repeating_flags=(--userspace --dry-run --allow-none --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance -p --proto -s --src -d --dst --sport --dport -w --zone)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect delete -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect delete -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-p'|'--proto')
        __ftctl_add_completions -W 'tcp'$'\n''udp'$'\n''sctp'
        return
        ;;
    '-s'|'--src')
        return
        ;;
    '-d'|'--dst')
        return
        ;;
    '--sport')
        return
        ;;
    '--dport')
        return
        ;;
    '-w'|'--zone')
        return
        ;;
    esac
}

_ftctl_expect_flush() {
    repeating_flags=()
    non_repeating_flags=(--userspace --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance --helper)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect flush -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect flush -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--helper')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion expect flush -- --helper "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_offload() {
    repeating_flags=()
    non_repeating_flags=(--userspace --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    clear)
        # Offer subcommand argument completions
        "_ftctl_offload_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'clear' -- "${cur}"))
        ;;
    esac
}

_ftctl_offload_clear() {
    repeating_flags=()
    non_repeating_flags=(--userspace --dry-run --allow-none --stale --version -h --help)
    repeating_options=(-l --label --flowtable --where)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within --report)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload clear -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload clear -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload clear -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload clear -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload clear -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload clear -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload clear -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload clear -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion offload clear -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '--report')
        __ftctl_add_completions -W 'line'$'\n''json'$'\n''jsonl'
        return
        ;;
    esac
}

_ftctl_flowtable() {
    repeating_flags=()
    non_repeating_flags=(--userspace --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|show|add|delete|enable|disable)
        # Offer subcommand argument completions
        "_ftctl_flowtable_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list show add delete enable disable' -- "${cur}"))
        ;;
    esac
}

_ftctl_flowtable_list() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-o --output)
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable list -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable list -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable list -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable list -- positional@0 "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_flowtable_show() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-o --output)
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable show -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable show -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable show -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable show -- positional@0 "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_flowtable_add() {
    repeating_flags=()
    non_repeating_flags=(--userspace --counter --hw-offload --ensure --dry-run --version -h --help)
    repeating_options=(-d --device)
    non_repeating_options=(--netns --color --instance --priority)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable add -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable add -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-d'|'--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable add -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--priority')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable add -- positional@0 "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_flowtable_delete() {
    repeating_flags=()
    non_repeating_flags=(--userspace --force --ensure --dry-run --version -h --help)
    repeating_options=(-d --device)
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable delete -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable delete -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-d'|'--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable delete -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable delete -- positional@0 "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_flowtable_enable() {
    repeating_flags=()
    non_repeating_flags=(--userspace --counter --hw-offload --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance --family --table --name --chain --proto)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable enable -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable enable -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--family')
        return
        ;;
    '--table')
        return
        ;;
    '--name')
        return
        ;;
    '--chain')
        return
        ;;
    '--proto')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable enable -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable enable -- positional@0 "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_flowtable_disable() {
    repeating_flags=()
    non_repeating_flags=(--userspace --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance --family --table --name --chain)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable disable -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion flowtable disable -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--family')
        return
        ;;
    '--table')
        return
        ;;
    '--name')
        return
        ;;
    '--chain')
        return
        ;;
    esac
}

_ftctl_rule() {
    repeating_flags=()
    non_repeating_flags=(--userspace --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|add|delete)
        # Offer subcommand argument completions
        "_ftctl_rule_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list add delete' -- "${cur}"))
        ;;
    esac
}

_ftctl_rule_list() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-o --output)
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule list -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule list -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule list -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule list -- positional@0 "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_rule_add() {
    repeating_flags=()
    non_repeating_flags=(--userspace --counter --insert --create-chain --ensure --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance --flowtable --iif --oif -p --proto --sport --dport -s --src -d --dst --ct-state --min-bytes --comment --position)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule add -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule add -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule add -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--iif')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule add -- --iif "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--oif')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule add -- --oif "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-p'|'--proto')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule add -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--sport')
        return
        ;;
    '--dport')
        return
        ;;
    '-s'|'--src')
        return
        ;;
    '-d'|'--dst')
        return
        ;;
    '--ct-state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule add -- --ct-state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--comment')
        return
        ;;
    '--position')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule add -- positional@0 "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_rule_delete() {
    repeating_flags=()
    non_repeating_flags=(--userspace --counter --dry-run --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance --flowtable --iif --oif -p --proto --sport --dport -s --src -d --dst --ct-state --min-bytes --comment --handle)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule delete -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule delete -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule delete -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--iif')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule delete -- --iif "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--oif')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule delete -- --oif "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-p'|'--proto')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule delete -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--sport')
        return
        ;;
    '--dport')
        return
        ;;
    '-s'|'--src')
        return
        ;;
    '-d'|'--dst')
        return
        ;;
    '--ct-state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule delete -- --ct-state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--comment')
        return
        ;;
    '--handle')
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion rule delete -- positional@0 "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_apply() {
    repeating_flags=()
    non_repeating_flags=(--userspace --check --exclusive --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion apply -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion apply -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __ftctl_add_completions -f
        return
        ;;
    esac
}

_ftctl_export() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-o --output)
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion export -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion export -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion export -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    *)
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion export -- positional@0 "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_explain() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=(-l --label --flowtable --where -o --output)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion explain -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_doctor() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion doctor -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion doctor -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_demo() {
    repeating_flags=()
    non_repeating_flags=(--userspace --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance --seconds --kernel)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion demo -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion demo -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--seconds')
        return
        ;;
    '--kernel')
        __ftctl_add_completions -W '6.1'$'\n''6.12'$'\n''7.2'
        return
        ;;
    esac
}

_ftctl_run() {
    repeating_flags=()
    non_repeating_flags=(--userspace --enable --persist --version -h --help)
    repeating_options=(--tap --hardware --route)
    non_repeating_options=(--netns --color --instance --topology --kernel --ruleset --queues --user)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion run -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion run -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--tap')
        return
        ;;
    '--hardware')
        return
        ;;
    '--route')
        return
        ;;
    '--topology')
        __ftctl_add_completions -o plusdirs -fX '!*.@(json)'
        return
        ;;
    '--kernel')
        __ftctl_add_completions -W '6.1'$'\n''6.12'$'\n''7.2'
        return
        ;;
    '--ruleset')
        __ftctl_add_completions -f
        return
        ;;
    '--queues')
        return
        ;;
    '--user')
        return
        ;;
    esac
}

_ftctl_replay() {
    repeating_flags=()
    non_repeating_flags=(--userspace --enable --report -j --json --version -h --help)
    repeating_options=(--tap --hardware --route --in --out)
    non_repeating_options=(--netns --color --instance --topology --kernel --ruleset)
    __ftctl_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion replay -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion replay -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--tap')
        return
        ;;
    '--hardware')
        return
        ;;
    '--route')
        return
        ;;
    '--topology')
        __ftctl_add_completions -o plusdirs -fX '!*.@(json)'
        return
        ;;
    '--kernel')
        __ftctl_add_completions -W '6.1'$'\n''6.12'$'\n''7.2'
        return
        ;;
    '--in')
        return
        ;;
    '--out')
        return
        ;;
    '--ruleset')
        __ftctl_add_completions -f
        return
        ;;
    esac
}

_ftctl_trace() {
    repeating_flags=()
    non_repeating_flags=(--userspace -j --json --flow --rules --version -h --help)
    repeating_options=(-l --label --flowtable --where -o --output)
    non_repeating_options=(--netns --color --instance -f --family -p --proto --protonum -s --src --orig-src -d --dst --orig-dst -r --reply-src -q --reply-dst --sport --orig-port-src --dport --orig-port-dst --reply-sport --reply-port-src --reply-dport --reply-port-dst -m --mark -w --zone --orig-zone --reply-zone --state -u --status -n --src-nat -g --dst-nat --any-nat --offload --device --min-bytes --min-packets --older-than --expires-within --input --count)
    __ftctl_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-f'|'--family')
        __ftctl_add_completions -W 'ipv4'$'\n''ipv6'
        return
        ;;
    '-p'|'--proto'|'--protonum')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --proto "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-s'|'--src'|'--orig-src')
        return
        ;;
    '-d'|'--dst'|'--orig-dst')
        return
        ;;
    '-r'|'--reply-src')
        return
        ;;
    '-q'|'--reply-dst')
        return
        ;;
    '--sport'|'--orig-port-src')
        return
        ;;
    '--dport'|'--orig-port-dst')
        return
        ;;
    '--reply-sport'|'--reply-port-src')
        return
        ;;
    '--reply-dport'|'--reply-port-dst')
        return
        ;;
    '-m'|'--mark')
        return
        ;;
    '-l'|'--label')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --label "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-w'|'--zone')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --zone "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--orig-zone')
        return
        ;;
    '--reply-zone')
        return
        ;;
    '--state')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --state "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-u'|'--status')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --status "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '-n'|'--src-nat')
        return
        ;;
    '-g'|'--dst-nat')
        return
        ;;
    '--any-nat')
        return
        ;;
    '--offload')
        __ftctl_add_completions -W 'any'$'\n''software'$'\n''hardware'$'\n''none'
        return
        ;;
    '--flowtable')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --flowtable "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--device')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --device "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--min-bytes')
        return
        ;;
    '--min-packets')
        return
        ;;
    '--older-than')
        return
        ;;
    '--expires-within')
        return
        ;;
    '--where')
        return
        ;;
    '-o'|'--output')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --output "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--input')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion trace -- --input "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--count')
        return
        ;;
    esac
}

_ftctl_verify() {
    repeating_flags=()
    non_repeating_flags=(--userspace --list --all --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance --kernel)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion verify -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion verify -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--kernel')
        __ftctl_add_completions -W '6.1'$'\n''6.12'$'\n''7.2'
        return
        ;;
    esac

    # Offer positional completions
    case "${positional_number}" in
    1)
        __ftctl_add_completions -d
        return
        ;;
    esac
}

_ftctl_exec() {
    repeating_flags=()
    non_repeating_flags=(--userspace --version -h --help)
    repeating_options=()
    non_repeating_options=(--netns --color --instance)
    __ftctl_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--netns')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion exec -- --netns "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    '--color')
        __ftctl_add_completions -W 'auto'$'\n''always'$'\n''never'
        return
        ;;
    '--instance')
        __ftctl_add_completions -W "$(__ftctl_custom_complete ---completion exec -- --instance "${COMP_CWORD}" "$(__ftctl_cursor_index_in_current_word)")"
        return
        ;;
    esac
}

_ftctl_conntrack() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __ftctl_offer_flags_options -1
}

_ftctl_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __ftctl_offer_flags_options -1
}

complete -o filenames -F _ftctl ftctl
