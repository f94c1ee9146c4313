# Completions of ss for bash; generated.

_ss() {
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
    -N | --net)
        :
        return
        ;;
    -f | --family)
        mapfile -t COMPREPLY < <(compgen -W 'inet inet6 link unix netlink vsock xdp help' -- "$cur")
        return
        ;;
    -A | --query)
        before=
        if [[ $cur == *,* ]]; then before=${cur%,*},; fi
        if [[ ${cur#"$before"} == '!'* ]]; then before+='!'; fi
        mapfile -t COMPREPLY < <(compgen -P "$before" -W 'all inet tcp mptcp udp sctp dccp raw unix unix_stream unix_dgram unix_seqpacket packet packet_raw packet_dgram netlink vsock vsock_stream vsock_dgram xdp' -- "${cur#"$before"}")
        return
        ;;
    --socket)
        before=
        if [[ $cur == *,* ]]; then before=${cur%,*},; fi
        if [[ ${cur#"$before"} == '!'* ]]; then before+='!'; fi
        mapfile -t COMPREPLY < <(compgen -P "$before" -W 'all inet tcp mptcp udp sctp dccp raw unix unix_stream unix_dgram unix_seqpacket packet packet_raw packet_dgram netlink vsock vsock_stream vsock_dgram xdp' -- "${cur#"$before"}")
        return
        ;;
    -F | --filter)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --sort)
        before=
        if [[ $cur == *,* ]]; then before=${cur%,*},; fi
        if [[ ${cur#"$before"} == '-'* ]]; then before+='-'; fi
        mapfile -t COMPREPLY < <(compgen -P "$before" -W 'recv-q send-q local peer port uid inode state' -- "${cur#"$before"}")
        return
        ;;
    --limit)
        :
        return
        ;;
    --every)
        :
        return
        ;;
    --for)
        :
        return
        ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--proc-root --proc-only --host-proc -h --help -V --version -v --version -n --numeric -r --resolve -a --all -l --listening -B --bound-inactive -o --options -e --extended -m --memory -p --processes -T --threads -i --info -s --summary --tos --cgroup -b --bpf -E --events -N --net -4 --ipv4 -6 --ipv6 -0 --packet -t --tcp -M --mptcp -S --sctp -u --udp -d --dccp -w --raw -x --unix --vsock --xdp -f --family -K --kill -H --no-header -Q --no-queues -O --oneline --inet-sockopt -A --query --socket -F --filter --all-namespaces --peers --json --json-lines --sort --limit --count --every --for' -- "$cur")
    fi
}
complete -o default -F _ss ss
