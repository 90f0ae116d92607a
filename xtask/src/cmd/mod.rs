//! The tasks, one file each, named as it is typed. A task has `Args`, whose first line says what it
//! does, and `run`. The list below is all there is to register.

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
    }
    "This machine" {
        Setup => setup,
        Doctor => doctor,
    }
    "This repository" {
        Ci => ci,
        Bench => bench,
    }
    "The engine's cache" {
        Cache => cache,
    }
}
