//! `cargo xtask env`.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use xtask_engine::dotenv::{Dotenv, Edited, written};
use xtask_engine::docker::PART_LABEL;
use xtask_engine::{Error, Session};

use crate::consent;
use crate::context::Context;
use crate::env_file;
use crate::host::{NotReady, Usage};
use crate::lasting::{Kept, Named, Parts, Place, ports};
use crate::stack::doors::{Door, doors};
use crate::stack::environment::readdressed;
use crate::stack::{CRUX, CRUX_UI, KRATOS, KratosSecrets, LastingSetting, PARTS, Setting, Stack, TRAEFIK, WEB_AUTHORITY};
use crate::terminal;

/// The variables to run a part on this machine, beside the rest of the stack
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Addresses are those of this machine at which the stack's ports are. A .env file keeps all its lines and \
comments; what it has already and what it has differently is shown before it is written.

Examples:
  cargo xtask up --disable-crux
  cargo xtask env crux --into web/crux/.env
  npm --prefix web/crux run start:dev")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// Put them into this .env file
    #[arg(long, value_name = "FILE")]
    pub into: Option<PathBuf>,
    /// Without asking
    #[arg(long, short, requires = "into")]
    yes: bool,
    /// The part
    #[arg(value_parser = PossibleValuesParser::new([CRUX, CRUX_UI, KRATOS]))]
    part: String,
}

/// What is for a container only: how it is built, and where it listens there.
const OF_CONTAINER: [&str; 2] = ["NODE_ENV", "HOSTNAME"];

/// Runs it.
///
/// # Errors
/// `NotReady` if there is no stack; if the file cannot be read or written.
pub async fn run(Args { stack, into, yes, part }: Args, context: &Context) -> anyhow::Result<()> {
    let prefix = stack.prefix(context)?;
    let kept = Kept::of(&prefix)?;
    let above = kept.environment()?;
    let place = Place::of(kept)?;
    let (repo, images) = (context.project()?, context.images.clone());
    let mut setting = Setting::read_under(above, repo, images, None, &context.events)?;
    let session = context.session_that_only_looks().await?;
    let parts = Parts::of(&session, &prefix, stack.option()).await?;
    let all = doors(&setting);
    let runs = |part: &&str| parts.services().iter().any(|it| it.label(PART_LABEL) == *part);
    let disabled = PARTS.into_iter().filter(|known| !runs(known) || *known == part).map(str::to_owned).collect();
    let wish = ports::Wish::of(&all, &disabled, &place, &prefix, stack.is_second(context)?);
    setting.listens_at(&ports::on_host(&session, &wish).await?);
    let all = doors(&setting);
    let addresses = addresses(&all, &parts, &part).map_err(|away| {
        let option = stack.option();
        NotReady(format!(
            "{away} has no port on this machine, so {part} could not find it: it does not run, or `up` was told \
             --expect-container-env; `cargo xtask ps{option}` shows it, `cargo xtask up{option}` brings it back"
        ))
    })?;
    let web = addresses.iter().find(|(door, _)| door.name == TRAEFIK);
    let port = |address: &str| address.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
    let web = web.and_then(|(_, address)| Some(format!("{}:{}", place.host, port(address)?)));
    let web = web.unwrap_or_else(|| WEB_AUTHORITY.to_owned());
    let published = addresses.iter();
    let published =
        published.filter_map(|(door, address)| Some((port(address)?, door.part, door.port))).collect();
    setting.kratos = KratosSecrets::of_stack(&session, &prefix);
    setting.lasting = Some(LastingSetting { owner: prefix.to_string(), web, agents: None, published, disabled });
    let variables = variables(&session, &setting, &part, &addresses).await?;
    match into {
        None => {
            for (name, value) in &variables {
                let value = written(value).unwrap_or_else(|| value.clone());
                terminal::write_out(format!("{name}={value}\n").as_bytes())?;
            }
        }
        Some(file) => put_into(&file, &variables, yes, context).await?,
    }
    if runs(&&*part) {
        let option = stack.option();
        context.events.notice(format!(
            "{part} runs in the stack, too: `cargo xtask up{option} --disable {part}` leaves it to you"
        ));
    }
    Ok(())
}

/// The address at which each door is found from this machine: where its part's container has it, or
/// where the part listens itself. `own` is the part that asks, and need not be found.
///
/// # Errors
/// Another part whose container has no port here.
fn addresses(doors: &[Door], parts: &Parts, own: &str) -> Result<Vec<(Door, String)>, &'static str> {
    let address = |door: &Door| {
        let services = parts.services();
        let Some(part) = services.into_iter().find(|it| it.label(PART_LABEL) == door.part) else {
            return Ok(Some(format!("127.0.0.1:{}", door.port)));
        };
        let Some((_, ip, port)) = part.ports.iter().find(|(port, ..)| *port == door.port) else {
            return if door.part == own { Ok(None) } else { Err(door.part) };
        };
        let ip = if matches!(ip.as_str(), "0.0.0.0" | "::") { "127.0.0.1" } else { ip };
        Ok(Some(if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }))
    };
    let found = doors.iter().map(|door| Ok(address(door)?.map(|address| (*door, address))));
    found.filter_map(Result::transpose).collect()
}

async fn variables(
    session: &Session,
    setting: &Setting,
    part: &str,
    addresses: &[(Door, String)],
) -> Result<Vec<(String, String)>, Error> {
    let stack = Stack::whole(setting)?;
    let service = stack.services().into_iter().find(|service| service.name() == part);
    let Some(service) = service else { return Err(Error::Usage(format!("there is no part {part}"))) };
    let variables = session.variables_of(service).await?.into_iter();
    let here = |(name, value): (String, String)| {
        let find = |host: &str, port: u16| {
            let is_it = |(door, _): &&(Door, String)| door.part == host && door.port == port;
            addresses.iter().find(is_it).map(|(_, address)| address.clone())
        };
        let value = readdressed(&value, find).into_owned();
        (name, value)
    };
    Ok(variables.filter(|(name, _)| !OF_CONTAINER.contains(&name.as_str())).map(here).collect())
}

/// Shows what would be different in a file, and writes it.
async fn put_into(
    file: &Path,
    variables: &[(String, String)],
    yes: bool,
    context: &Context,
) -> anyhow::Result<()> {
    let before = env_file::read(file)?;
    let edited = Dotenv::edit(&before, variables)
        .map_err(|error| Error::Usage(format!("{} {error}", file.display())))?;
    let shown = file.display();
    if edited.changes.is_empty() {
        context.events.output(format!("{shown} has all of it already"));
        return Ok(());
    }
    for line in difference(&edited) {
        context.events.output(line);
    }
    if !yes {
        let instead = format!("`cargo xtask env … --into {shown} --yes` writes it");
        consent::ask(&context.events, &format!("Write {shown}?"), &instead, &context.cancel).await?;
        if env_file::read(file)? != before {
            return Err(Usage(format!("{shown} was changed meanwhile, and stays as it is: say it again")).into());
        }
    }
    env_file::write(file, &edited.text)?;
    context.events.output(format!("{shown} is written"));
    Ok(())
}

/// Lines that go, and lines that come.
fn difference(edited: &Edited) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, had, has) in &edited.changes {
        lines.extend(had.iter().map(|had| format!("- {name}={had}")));
        lines.push(format!("+ {name}={has}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_names_what_goes_and_what_comes() {
        let values = [("A", "1"), ("B", "2"), ("C", "3")].map(|(name, value)| (name.into(), value.into()));
        let edited = Dotenv::edit(b"A=1\nB=x\n", &values).unwrap();
        assert_eq!(difference(&edited), ["- B=x", "+ B=2", "+ C=3"]);
    }
}
