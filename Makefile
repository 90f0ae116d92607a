# One-line shortcuts, no logic: what they do is in xtask/.
.PHONY: test check

test: ; cargo xtask setup --yes && cargo xtask test
check: ; cargo xtask setup --yes --tests && cargo test --workspace
