# Completions of portwatch for bash; generated.

_portwatch() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} before
    COMPREPLY=()
    if [[ $cur == = ]]; then cur=; fi
    if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
    cur=${cur#[\'\"]}
    case $prev in
    --proc-root)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    --host-proc)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    --timeout)
        :
        return
        ;;
    --for)
        :
        return
        ;;
    --count)
        :
        return
        ;;
    --interval)
        :
        return
        ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--proc-root --proc-only --host-proc -w --wait -g --gone -l --list --any --timeout --for --count --initial --interval -t --tcp -u --udp -x --unix -4 --ipv4 -6 --ipv6 -p --processes --all-namespaces --json-lines -h --help -V --version' -- "$cur")
    fi
}
complete -o default -F _portwatch portwatch
