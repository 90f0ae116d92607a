//! The tasks, one file each, named as it is typed. A task has `Args`, whose first line says what it
//! does, and `run`. The list below is all there is to register.

use std::path::PathBuf;

use xtask_engine::event::Event;
use xtask_engine::pipeline::Service;

use crate::cli::Global;
use crate::context::Context;

/// Declares the tasks: `Name => module` is one of them, in a group of the list that people see. The
/// command is the name as it is typed: `TestCrux` is `test-crux`.
macro_rules! tasks {
    ($($group:literal { $($name:ident => $module:ident,)+ })+) => {
        $($(pub mod $module;)+)+

        /// A task, with its arguments.
        #[derive(Debug, clap::Subcommand)]
        #[allow(missing_docs)] // the texts are those of the modules' `Args`
        pub enum Command {
            $($($name($module::Args),)+)+
        }

        impl Command {
            /// Runs the task.
            pub async fn run(self, context: &crate::context::Context) -> anyhow::Result<()> {
                match self { $($(Self::$name(args) => $module::run(args, context).await,)+)+ }
            }

            /// The task, as it is typed.
            pub fn name(&self) -> String {
                let module = match self { $($(Self::$name(_) => stringify!($module),)+)+ };
                module.replace('_', "-")
            }
        }

        /// The modules by group, in the order of the list.
        pub const GROUPS: &[(&str, &[&str])] = &[$(($group, &[$(stringify!($module)),+])),+];
    };
}

tasks! {
    "Tests of the application" {
        TestCrux => test_crux,
        TestUi => test_ui,
        Test => test,
        E2e => e2e,
    }
    "Parts of it" {
        Crux => crux,
        CruxUi => crux_ui,
    }
    "The day with the stack" {
        Up => up,
        Down => down,
        Ps => ps,
        Logs => logs,
        Exec => exec,
        Shell => shell,
        Restart => restart,
        Open => open,
        Env => env,
        Generate => generate,
    }
    "What runs said" {
        Runs => runs,
        Report => report,
    }
    "This machine" {
        Setup => setup,
        Doctor => doctor,
        Images => images,
        Completions => completions,
        Version => version,
    }
    "This repository" {
        Ci => ci,
        Bench => bench,
    }
    "The engine's cache" {
        Cache => cache,
        Clean => clean,
    }
}

impl Command {
    /// The folders and files whose changes it follows, if it does: then it is run again for each.
    pub fn follows(&self, global: &Global) -> Option<Vec<PathBuf>> {
        match self {
            Self::Up(args) => args.follows(global),
            _ => None,
        }
    }

    /// Whether what it prints is not ours: then a run says nothing of itself but failures.
    pub fn passes_through(&self) -> bool {
        matches!(
            self,
            Self::Logs(_)
                | Self::Exec(_)
                | Self::Shell(_)
                | Self::Generate(generate::Args { into: None, .. })
                | Self::Ps(ps::Args { json: true, .. })
                | Self::Completions(_)
                | Self::Env(env::Args { into: None, .. })
        )
    }
}

/// Runs a service and shows the output of `followed` until Ctrl-C, or until one of them breaks.
async fn serve(context: &Context, service: &Service, followed: &[&str], port: u16) -> anyhow::Result<()> {
    let session = context.session().await?;
    let services = followed.iter().map(ToString::to_string).collect();
    context.events.emit(Event::ServicesFollowed { services });
    session.start(&[service]).await?;
    if let Some(address) = session.address(service.name()).await? {
        context.events.notice(format!("{} is at http://{address}:{port}, until Ctrl-C", service.name()));
    }
    Err(session.broken().await.into())
}
