//! The parts of a stack as people name them.

use xtask_engine::Session;
use xtask_engine::docker::StackContainer;
use xtask_engine::session::{Prefix, StackPart};

use crate::host::{NotReady, Usage};
use crate::stack::PARTS;

/// How alike two names are of which one is meant by the other.
const ALIKE: f64 = 0.7;

/// The parts of a stack.
pub struct Parts {
    prefix: Prefix,
    /// How commands name the stack: ` --prefix day`, or nothing.
    option: String,
    all: Vec<StackPart>,
}

impl Parts {
    /// Those of the stack that is there; `option` is how commands that are suggested name it.
    ///
    /// # Errors
    /// [`NotReady`] if there is none.
    pub async fn of(session: &Session, prefix: &Prefix, option: String) -> anyhow::Result<Self> {
        let all = session.stack_parts(Some(prefix)).await?;
        if all.is_empty() {
            return Err(NotReady(format!(
                "there is no stack {prefix}; `cargo xtask up{option}` brings one up, `cargo xtask ps --all` shows all there are"
            ))
            .into());
        }
        Ok(Self { prefix: prefix.clone(), option, all })
    }

    /// The containers of those that run for long.
    pub fn services(&self) -> Vec<&StackContainer> {
        self.all.iter().filter(|part| !part.is_job()).map(|part| &part.container).collect()
    }

    /// Those that run on the host.
    pub fn on_host(&self) -> Vec<&'static str> {
        on_host(&self.all.iter().collect::<Vec<_>>())
    }

    /// The one that is named, jobs included.
    ///
    /// # Errors
    /// [`Usage`] if there is none of that name: it is on the host, or another one may be meant.
    pub fn named(&self, name: &str) -> Result<&StackPart, Usage> {
        if let Some(part) = self.all.iter().find(|part| part.name() == name) {
            return Ok(part);
        }
        let Self { prefix, option, .. } = self;
        if self.on_host().contains(&name) {
            return Err(Usage(format!(
                "{name} runs on the host, not in the stack {prefix}: look for it there; `cargo xtask up{option}` without --disable brings it into the stack"
            )));
        }
        let names: Vec<&str> = self.all.iter().map(StackPart::name).collect();
        Err(Usage(no_such_part(name, &names, &format!("the stack {prefix}"))))
    }

    /// Those that are named, each once, in the order in which they are.
    ///
    /// # Errors
    /// As [`Parts::named`].
    pub fn each_named(&self, names: &[String]) -> Result<Vec<&StackPart>, Usage> {
        let mut parts: Vec<&StackPart> = Vec::new();
        for name in names {
            let part = self.named(name)?;
            if !parts.iter().any(|known| known.name() == part.name()) {
                parts.push(part);
            }
        }
        Ok(parts)
    }

    /// The one that is named, which must run.
    ///
    /// # Errors
    /// [`Usage`] as [`Parts::named`]; [`NotReady`] if it does not run.
    pub fn running(&self, name: &str) -> anyhow::Result<&StackPart> {
        let part = self.named(name)?;
        match part.container.is_running() {
            true => Ok(part),
            false => Err(NotReady(self.does_not_run(part)).into()),
        }
    }

    fn does_not_run(&self, part: &StackPart) -> String {
        let (name, option, container) = (part.name(), &self.option, &part.container);
        let how = match &*container.state {
            "created" => "it was not started yet".to_owned(),
            "exited" | "dead" => format!("it ended with exit code {}", container.exit_code),
            "restarting" => format!("it ended with exit code {}, and starts again", container.exit_code),
            state => format!("it is {state}"),
        };
        match part.is_job() {
            true => format!(
                "{name} runs to its end, and does not run now ({how}); `cargo xtask logs{option} {name}` shows what it printed, `cargo xtask restart{option} {name}` runs it again"
            ),
            false => format!(
                "{name} does not run ({how}); `cargo xtask up{option}` starts it, `cargo xtask logs{option} {name}` shows what it printed"
            ),
        }
    }
}

/// The application's parts that run on the host beside a stack of these parts: its others are there, and
/// not because an `up` has only just begun.
pub fn on_host(parts: &[&StackPart]) -> Vec<&'static str> {
    let is_up = parts.iter().any(|part| part.is_settled());
    let is_missing = |name: &&str| !parts.iter().any(|part| part.name() == *name);
    PARTS.into_iter().filter(|name| is_up && is_missing(name)).collect()
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
pub mod tests {
    use xtask_engine::docker::{PART_LABEL, PREFIX_LABEL, PURPOSE_LABEL};

    use super::*;

    /// A part of the stack `day`, with the name that it has for long.
    pub fn part(name: &str, state: &str) -> StackPart {
        let purpose = if name.contains("migrate") { "job" } else { "service" };
        let labels = [(PREFIX_LABEL, "day"), (PART_LABEL, name), (PURPOSE_LABEL, purpose)];
        let container = StackContainer {
            name: format!("xtask-day-{name}"),
            labels: labels.map(|(label, value)| (label.to_owned(), value.to_owned())).into(),
            state: state.into(),
            ..StackContainer::default()
        };
        StackPart { container, others: Vec::new() }
    }

    fn parts(all: Vec<StackPart>) -> Parts {
        Parts { prefix: "day".parse().unwrap(), option: " --prefix day".into(), all }
    }

    #[test]
    fn a_name_that_is_wrong_by_a_letter_is_known() {
        let names = ["crux", "crux-ui", "database"];
        let said = ["cruks", "databse", "zzz"].map(|name| no_such_part(name, &names, "the stack day"));
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn what_does_not_run_is_told_with_what_to_do() {
        let all =
            [("kratos", "restarting"), ("mail", "exited"), ("traefik", "paused"), ("crux-ui", "created")];
        let mut all: Vec<StackPart> = all.map(|(name, state)| part(name, state)).into();
        all.push(part("kratos-migrate", "exited"));
        let parts = parts(all);
        let names = ["kratos", "mail", "traefik", "crux-ui", "kratos-migrate", "crux"];
        let said = names.map(|name| parts.running(name).unwrap_err().to_string());
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn nothing_is_on_the_host_before_a_stack_is_up() {
        let mut coming = part("crux", "created");
        coming.container.name += ".0123";
        let there = part("database", "running");
        assert!(on_host(&[&coming]).is_empty());
        assert_eq!(on_host(&[&coming, &there]), ["kratos", "mail", "crux-ui", "traefik"]);
        assert!(on_host(&[]).is_empty());
    }

    #[test]
    fn a_part_named_twice_is_one() {
        let parts = parts(vec![part("crux", "running"), part("crux-ui", "running")]);
        let named = ["crux-ui", "crux", "crux-ui"].map(str::to_owned);
        let named = parts.each_named(&named).unwrap();
        assert_eq!(named.iter().map(|part| part.name()).collect::<Vec<_>>(), ["crux-ui", "crux"]);
    }
}
