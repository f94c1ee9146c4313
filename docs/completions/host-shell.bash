# Completions of host-shell for bash; generated.

_host_shell() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} before
    COMPREPLY=()
    if [[ $cur == = ]]; then cur=; fi
    if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
    cur=${cur#[\'\"]}
    case $prev in
    -c)
        :
        return
        ;;
    --allow-path)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    --allow-command)
        :
        return
        ;;
    --grant)
        before=
        if [[ $cur == *,* ]]; then before=${cur%,*},; fi
        mapfile -t COMPREPLY < <(compgen -P "$before" -W 'sockets processes resolve events kill namespaces none' -- "${cur#"$before"}")
        return
        ;;
    --policy)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --timeout)
        :
        return
        ;;
    --max-output)
        :
        return
        ;;
    --max-memory)
        :
        return
        ;;
    --max-write)
        :
        return
        ;;
    --namespace)
        :
        return
        ;;
    --proc-root)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    --host-proc)
        mapfile -t COMPREPLY < <(compgen -d -- "$cur")
        return
        ;;
    --audit)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-c --allow-path --allow-command --grant --policy --timeout --max-output --max-memory --max-write --namespace --proc-root --host-proc --no-confine --audit --status --check --help --version' -- "$cur")
    fi
}
complete -o default -F _host_shell host-shell
