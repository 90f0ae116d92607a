//! End-to-end tests of the built binary against a real engine; see `tests/`.
