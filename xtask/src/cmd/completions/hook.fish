
# `cargo xtask …` is completed as `xtask …`, all else as it was.
function __cargo_xtask_words
    set -l words (commandline -opc)
    set -l at 2
    string match -q -- '+*' $words[2]; and set at 3
    test (count $words) -ge $at; and test "$words[$at]" = xtask; or return 1
    printf '%s\n' $words[$at..-1]
end

function __cargo_xtask
    set -l words (__cargo_xtask_words | string escape)
    complete -C "$words "(commandline -ct)
end

complete -c cargo -n __cargo_xtask_words -f -a '(__cargo_xtask)'
