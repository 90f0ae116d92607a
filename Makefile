# One-line shortcuts, no logic: what they do is in xtask/.
.PHONY: test e2e check

test: ; cargo xtask setup --yes && cargo xtask test
e2e: ; cargo xtask setup --yes && cargo xtask e2e
check: ; cargo xtask setup --yes --tests && cargo test --workspace --no-fail-fast
