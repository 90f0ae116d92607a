
# `cargo xtask …` is completed as `xtask …`, all else as it was.
if ! complete -p cargo &>/dev/null; then
    # bash-completion loads cargo's own when it is first asked for, which it will not be any more.
    if declare -F _comp_load >/dev/null; then
        _comp_load cargo &>/dev/null
    elif declare -F _completion_loader >/dev/null; then
        _completion_loader cargo &>/dev/null
    fi
fi
if [[ $(complete -p cargo 2>/dev/null) =~ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _cargo_xtask ]]; then
    _cargo_before_xtask=${BASH_REMATCH[1]}
fi

_cargo_xtask() {
    local at=1
    [[ ${COMP_WORDS[1]} == +* ]] && at=2
    if ((COMP_CWORD > at)) && [[ ${COMP_WORDS[at]} == xtask ]]; then
        COMP_WORDS=("${COMP_WORDS[@]:at}")
        COMP_CWORD=$((COMP_CWORD - at))
        _xtask xtask "$2" "$3"
    elif [[ -n ${_cargo_before_xtask:-} ]] && declare -F "$_cargo_before_xtask" >/dev/null; then
        "$_cargo_before_xtask" "$@"
    fi
}
complete -F _cargo_xtask -o bashdefault -o default cargo
