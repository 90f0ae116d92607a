//! The parts of a stack as people name them.

use xtask_engine::Session;
use xtask_engine::docker::{PART_LABEL, PURPOSE_LABEL, StackContainer};
use xtask_engine::session::Prefix;

use crate::host::{NotReady, Usage};

/// How alike two names are of which one is meant by the other.
const ALIKE: f64 = 0.7;

/// The containers of a stack.
pub struct Parts {
    prefix: Prefix,
    all: Vec<StackContainer>,
}

impl Parts {
    /// Those of the stack that is there.
    ///
    /// # Errors
    /// [`NotReady`] if there is none.
    pub async fn of(session: &Session, prefix: &Prefix) -> anyhow::Result<Self> {
        let all = session.stack_containers(Some(prefix)).await?;
        if all.is_empty() {
            return Err(NotReady(format!(
                "there is no stack {prefix}; `cargo xtask up` brings one up, `cargo xtask ps --all` shows all there are"
            ))
            .into());
        }
        Ok(Self { prefix: prefix.clone(), all })
    }

    /// Those that run for long.
    pub fn services(&self) -> Vec<&StackContainer> {
        self.all.iter().filter(|it| it.label(PURPOSE_LABEL) != "job").collect()
    }

    /// The one that is named, jobs included.
    ///
    /// # Errors
    /// [`Usage`] if there is none of that name, with the one that may be meant.
    pub fn named(&self, name: &str) -> Result<&StackContainer, Usage> {
        let names: Vec<&str> = self.all.iter().map(|it| it.label(PART_LABEL)).collect();
        self.all
            .iter()
            .find(|it| it.label(PART_LABEL) == name)
            .ok_or_else(|| Usage(no_such_part(name, &names, &format!("the stack {}", self.prefix))))
    }

    /// The one that is named, which must run.
    ///
    /// # Errors
    /// [`Usage`] as [`Parts::named`]; [`NotReady`] if it does not run.
    pub fn running(&self, name: &str) -> anyhow::Result<&StackContainer> {
        let part = self.named(name)?;
        match part.is_running() {
            true => Ok(part),
            false => {
                Err(NotReady(format!("{name} does not run (it {}); `cargo xtask up` starts it", part.state))
                    .into())
            }
        }
    }
}

/// What is said of a name that is none of `names`.
pub fn no_such_part(name: &str, names: &[&str], whose: &str) -> String {
    let alike = |known: &&&str| strsim::jaro_winkler(name, known);
    let closest = names.iter().max_by(|one, other| alike(one).total_cmp(&alike(other)));
    let meant = closest.filter(|known| alike(known) >= ALIKE);
    let meant = meant.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    format!("{whose} has no part {name:?}{meant} It has {}", names.join(", ")).replace("\" It", "\": it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_wrong_by_a_letter_is_known() {
        let names = ["crux", "crux-ui", "database"];
        let said = ["cruks", "databse", "zzz"].map(|name| no_such_part(name, &names, "the stack day"));
        insta::assert_snapshot!(said.join("\n"));
    }
}
