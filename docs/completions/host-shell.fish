# Completions of host-shell for fish; generated.

complete -c host-shell -s c -x -d 'run this text'
complete -c host-shell -l allow-path -x -a '(__fish_complete_directories)' -d 'let scripts read (or write) a directory'
complete -c host-shell -l allow-command -x -d 'allow these commands alone'
complete -c host-shell -l grant -x -a '(__fish_append , sockets processes resolve events kill namespaces none)' -d 'instead of `sockets`; `none` takes all away'
complete -c host-shell -l policy -r -F -d 'what builtins may show, in TOML'
complete -c host-shell -l timeout -x -d 'end the script with status 124 (30s)'
complete -c host-shell -l max-output -x -d 'end the script with an error (67108864)'
complete -c host-shell -l proc-root -x -a '(__fish_complete_directories)' -d 'list the sockets of a fake proc root'
complete -c host-shell -l help -f -d 'print this'
complete -c host-shell -l version -f -d 'print the version'
complete -c host-shell -l no-confine -f -d 'not in this version'
complete -c host-shell -l status -f -d 'not in this version'
