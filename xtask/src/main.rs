//! `cargo xtask`: the test automation of this repository. Each task is one file in `cmd/`.

mod again;
mod bench;
mod bug;
mod cli;
mod cmd;
mod consent;
mod context;
mod env_file;
mod exit;
mod frame;
mod host;
mod images;
mod lasting;
mod output;
mod project;
mod reporters;
mod rootfs;
mod rounds;
mod runs;
mod spans;
mod stack;
mod suspend;
mod terminal;
#[cfg(test)]
mod testing;

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|arg| arg == context::WATCHDOG) {
        return code(xtask_engine::watchdog::run());
    }
    let code = bug::told(|| {
        let cli = cli::parse();
        match cli.command {
            Some(command) => frame::run(cli.global, command),
            None => cli::print_tasks(),
        }
    });
    self::code(code)
}

fn code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
