//! `cargo xtask completions`.

use clap::CommandFactory;
use clap_complete::Shell as Language;
use clap_complete::generate;

use crate::cli::Cli;
use crate::context::Context;

/// Completions of `cargo xtask` for a shell, to be saved and read by it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
They come on top of cargo's own, if the shell has those. To install them:
  bash    cargo xtask completions bash > ~/.xtask.bash
          echo 'source ~/.xtask.bash' >> ~/.bashrc
  zsh     cargo xtask completions zsh > ~/.xtask.zsh
          echo 'source ~/.xtask.zsh' >> ~/.zshrc          (below `compinit`)
  fish    cargo xtask completions fish > ~/.config/fish/conf.d/xtask.fish")]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// Shells that can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Runs it.
pub async fn run(Args { shell }: Args, context: &Context) -> anyhow::Result<()> {
    script(shell).lines().for_each(|line| context.events.output(line));
    Ok(())
}

/// What `xtask` takes, and how `cargo xtask` comes to it: shells complete by the first word, and that
/// is cargo's.
fn script(shell: Shell) -> String {
    let (language, hook) = match shell {
        Shell::Bash => (Language::Bash, include_str!("completions/hook.bash")),
        Shell::Zsh => (Language::Zsh, include_str!("completions/hook.zsh")),
        Shell::Fish => (Language::Fish, include_str!("completions/hook.fish")),
    };
    let mut script = Vec::new();
    generate(language, &mut Cli::command().name("xtask"), "xtask", &mut script);
    String::from_utf8_lossy(&script).into_owned() + hook
}
