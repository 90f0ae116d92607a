
# `cargo xtask …` is completed as `xtask …`, all else as it was.
if [[ ${_comps[cargo]:-_cargo_xtask} != _cargo_xtask ]]; then
    typeset -g _cargo_before_xtask=${_comps[cargo]}
fi

_cargo_xtask() {
    local at=2
    [[ ${words[2]} == +* ]] && at=3
    if ((CURRENT > at)) && [[ ${words[at]} == xtask ]]; then
        words=("${(@)words[at,-1]}")
        ((CURRENT -= at - 1))
        service=xtask _xtask
    elif [[ -n ${_cargo_before_xtask:-} ]]; then
        $_cargo_before_xtask "$@"
    else
        _default
    fi
}
compdef _cargo_xtask cargo
