//! The tasks of this repository: `cargo xtask`.
#![allow(dead_code)] // temporary: setup's branch has no other commands

mod cmd;
mod host;
mod rootfs;
#[cfg(test)]
mod testing;

use clap::Parser;
use xtask_engine::event::{Event, Events, Reporter};

#[derive(clap::Parser)]
enum Cli {
    Setup(cmd::setup::Args),
    Doctor(cmd::doctor::Args),
    Rootfs,
}

struct Print;
impl Reporter for Print {
    #[allow(clippy::print_stdout)]
    fn event(&mut self, at: std::time::Duration, event: &Event) {
        let at = at.as_secs_f64();
        match event {
            Event::Output { line } => println!("{line}"),
            Event::Notice { text } => println!("[{at:.3}] {text}"),
            Event::Detail { text } if std::env::var_os("V").is_some() => println!("[{at:.3}]   {text}"),
            _ => {}
        }
    }
}

struct Temporary;
impl cmd::setup::Machine for Temporary {
    async fn engine(&self) -> cmd::setup::EngineState {
        cmd::setup::EngineState::find(None).await
    }
    async fn missing_stand_ins(&self) -> anyhow::Result<Vec<String>> {
        Ok(vec![])
    }
    async fn prepare_stand_ins(&self) -> anyhow::Result<()> {
        Ok(())
    }
}

#[tokio::main]
#[allow(clippy::print_stderr)]
async fn main() -> std::process::ExitCode {
    let events = Events::new(vec![Box::new(Print)]);
    let result = match Cli::parse() {
        Cli::Setup(args) => cmd::setup::run(&args, &events, &Temporary).await,
        Cli::Doctor(args) => {
            let images = [cmd::doctor::Image {
                name: "node:20-alpine".into(),
                stand_in: "xtask/stand-in/node:20".into(),
            }];
            let look = cmd::doctor::Look { engine: None, repo: std::path::Path::new("."), images: &images };
            cmd::doctor::run(&args, &events, &look).await
        }
        Cli::Rootfs => rootfs::make(&events, &["busybox"]).await.map(|mut root| {
            if let Some(to) = std::env::var_os("TO") {
                let copied =
                    std::fs::File::create(to).and_then(|mut to| std::io::copy(&mut root.file, &mut to));
                events.output(format!("{copied:?}"));
            }
            events.output(format!("{root:?}"));
        }),
    };
    let Err(error) = result else { return 0.into() };
    eprintln!("error: {error:#}");
    match () {
        () if error.downcast_ref::<host::Usage>().is_some() => 2.into(),
        () if error.downcast_ref::<host::NotReady>().is_some() => 3.into(),
        () if error.downcast_ref::<host::Interrupted>().is_some() => 130.into(),
        () => 1.into(),
    }
}
