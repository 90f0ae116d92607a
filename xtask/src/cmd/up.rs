//! `cargo xtask up`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

use xtask_engine::Session;
use xtask_engine::session::{Lasting, Prefix, Published, Settled};
use xtask_engine::source::reason;

use crate::cli::Global;
use crate::context::Context;
use crate::exit;
use crate::host::{NotReady, Usage};
use crate::lasting::{Kept, Named, Place, other_owner, ports};
use crate::project::Project;
use crate::stack::doors::{self, AGENTS, Door, Moved};
use crate::stack::{
    self, KratosSecrets, LastingSetting, PARTS, Setting, Stack, TRAEFIK, crux, crux_ui, kratos,
};

/// The whole stack on this machine, to develop against; it stays until `down`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It returns when all parts are ready, or leaves things as they were. Again, it replaces what changed and \
leaves alone what did not; no request to crux or crux-ui through Traefik fails meanwhile. The stack starts \
again with the engine.

The ports are those that the application documents. A stack with another --prefix than the checkout's folder \
has them shifted by one of 10000, 10100, … 24600: which one its name says, and where a port is taken, the next one.

Where the stack is told once: --port, --expose, --host, --network and --env-file are kept in a file per prefix \
for the next `up`, which shows them, until --defaults or `down --volumes`. What runs is told each time.

Examples:
  cargo xtask up
  cargo xtask up --port crux=1900 --port database=5433    ports that are taken elsewhere
  cargo xtask up --prefix feature-x                       a second stack beside the first
  cargo xtask up --watch                                  follow changes of the sources
  cargo xtask up --disable-crux                           all but crux, which runs on the host
  cargo xtask up --image-tag 0.15.4                       published images in place of the sources")]
pub struct Args {
    #[command(flatten)]
    stack: Named,
    /// Another port of the host, like crux=1900
    #[arg(long, value_name = "NAME=PORT")]
    port: Vec<Moved>,
    /// The address of the host at which the ports are [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    expose: Option<IpAddr>,
    /// The host's name in addresses for browsers [default: localhost, or what --expose says]
    #[arg(long, value_name = "HOST", value_parser = host)]
    host: Option<String>,
    /// crux runs on the host, and all others find it there
    #[arg(long, overrides_with = "disable_crux")]
    disable_crux: bool,
    /// crux-ui runs on the host
    #[arg(long, overrides_with = "disable_crux_ui")]
    disable_crux_ui: bool,
    /// A part that runs on the host
    #[arg(long, value_name = "PART", value_parser = clap::builder::PossibleValuesParser::new(PARTS))]
    disable: Vec<String>,
    /// Publish no port: whoever uses the stack is a container on its network
    #[arg(long, conflicts_with_all = ["port", "expose"])]
    expect_container_env: bool,
    /// A network that the engine has, in place of one of the stack's own
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
    /// Variables for crux, crux-ui and kratos, over those of their own .env
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Agents run on the host, and find crux there
    #[arg(long, conflicts_with_all = ["disable_crux", "expect_container_env"])]
    local_agent: bool,
    /// Forget what earlier ups of this prefix were told of ports, address, host, network and variables
    #[arg(long)]
    defaults: bool,
    /// Return when all parts are ready, which is the default
    #[arg(long, conflicts_with = "watch")]
    wait: bool,
    /// Stay, and replace a part whenever its sources or variables change
    #[arg(long)]
    watch: bool,
    /// Run the application's published images of this tag, not its sources
    #[arg(long, value_name = "TAG")]
    image_tag: Option<String>,
    /// Ask no registry for an image that the engine has, which is always so
    #[arg(long)]
    prefer_local_images: bool,
}

/// A name that can be in an address.
fn host(text: &str) -> Result<String, String> {
    url::Host::parse(text).map(|host| host.to_string()).map_err(|_| "it is no name of a host".into())
}

impl Args {
    /// The folders and files whose changes it follows, if it does.
    pub fn follows(&self, global: &Global) -> Option<Vec<PathBuf>> {
        let project = Project::find(global.repo.as_deref()).ok().filter(|_| self.watch)?;
        let disabled = self.disabled();
        let parts = [(stack::CRUX, crux::PART), (stack::CRUX_UI, crux_ui::PART), (stack::KRATOS, kratos::PART)];
        let in_containers = parts.into_iter().filter(|(part, _)| !disabled.contains(*part));
        let folders = in_containers.map(|(_, folder)| project.root().join(folder));
        // What cannot be understood is told by the run.
        let kept = self.kept(&self.stack.prefix_in(&project)).ok();
        let env_file = self.told().ok().zip(kept).and_then(|(told, kept)| kept.under(told).env_file);
        Some(folders.chain(env_file).collect())
    }

    /// What is kept of the `up` before.
    fn kept(&self, prefix: &Prefix) -> Result<Kept, Usage> {
        if self.defaults { Ok(Kept::default()) } else { Kept::of(prefix) }
    }

    fn disabled(&self) -> BTreeSet<String> {
        let short = [(self.disable_crux, stack::CRUX), (self.disable_crux_ui, stack::CRUX_UI)];
        let short = short.into_iter().filter(|(is, _)| *is).map(|(_, part)| part.to_owned());
        self.disable.iter().cloned().chain(short).collect()
    }

    /// What the command line says of where the stack is.
    fn told(&self) -> anyhow::Result<Kept> {
        ports::once(&self.port)?;
        let env_file = self.env_file.as_ref().map(std::path::absolute).transpose();
        let env_file = env_file.map_err(|error| Usage(format!("--env-file: {}", reason(&error))))?;
        Ok(Kept {
            port: self.port.iter().map(|moved| (moved.door.to_owned(), moved.port)).collect(),
            expose: self.expose,
            host: self.host.clone(),
            network: self.network.clone(),
            env_file,
        })
    }
}

/// Runs it.
///
/// # Errors
/// `Usage` for ports that cannot be, `NotReady` for those that are taken; if a part does not get
/// ready. Then what this run made is gone, and what ran before runs.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let round = &context.round;
    if let Some(changed) = &round.changed {
        tell_changed(changed, context)?;
    }
    let prefix = args.stack.prefix(context)?;
    let disabled = args.disabled();
    let is_fixed = |moved: &&Moved| disabled.contains(moved.part()) && !stack::MOVABLE.contains(&moved.part());
    if let Some(moved) = args.port.iter().find(is_fixed) {
        let part = moved.part();
        return Err(Usage(format!(
            "{part} runs on the host, where it is looked for at its documented port: leave --port {} out",
            moved.door
        ))
        .into());
    }
    let before = args.kept(&prefix)?;
    let told = args.told()?;
    if told == Kept::default() && before != told && !round.is_later() {
        context.events.notice(format!("as the `up` before: {} (--defaults forgets it)", before.options()));
    }
    let place = Place::of(before.under(told))?;
    let ports = bring_up(&args, &place, context).await?;
    if !round.is_later() {
        if let Some(said) = place.keep(&prefix) {
            context.events.notice(said);
        }
        tell(&args, &ports, &place, context);
    }
    Ok(())
}

/// What is there now, and what a person may do with it.
fn tell(args: &Args, ports: &[(Door, u16)], place: &Place, context: &Context) {
    for line in table(ports, &place.host) {
        context.events.output(line);
    }
    if ports.is_empty() {
        context.events.output("no port is published: containers on its network find the parts by their names");
    }
    for part in &args.disabled() {
        context.events.notice(on_host(part, &args.stack.option()));
    }
    if place.address.is_unspecified() && !ports.is_empty() {
        context.events.notice(
            "whoever reaches this machine reaches the ports: PostgreSQL, the mail, Traefik's dashboard, too",
        );
    }
    context.events.notice(format!("it stays until `cargo xtask down{}`", args.stack.option()));
}

/// What a person does to run a part on the host.
fn on_host(part: &str, option: &str) -> String {
    let run = format!("{part} is to run on this machine, at all its addresses");
    let env = format!("`cargo xtask env {part}{option} --into web/{part}/.env`");
    match part {
        stack::CRUX => {
            format!("{run}: {env} tells it where the others are, `npm run prisma:migrate` makes its tables")
        }
        stack::CRUX_UI | stack::KRATOS => format!("{run}: {env} tells it where the others are"),
        _ => format!("{run}, at the port that the application documents"),
    }
}

fn tell_changed(paths: &[PathBuf], context: &Context) -> anyhow::Result<()> {
    let project = context.project()?;
    let first = paths.first().map(|path| path.strip_prefix(project.root()).unwrap_or(path));
    let more = if paths.len() > 1 { format!(" and {} more", paths.len() - 1) } else { String::new() };
    let first = first.map(|path| path.display().to_string()).unwrap_or_default();
    context.events.output(format!("changed: {first}{more}"));
    Ok(())
}

/// Brings the stack up, and gives its ports; leaves all as it was if that fails.
async fn bring_up(args: &Args, place: &Place, context: &Context) -> anyhow::Result<Vec<(Door, u16)>> {
    let session = context.session().await?;
    let brought = bring_up_in(&session, args, place, context).await;
    // At once, and not at the end of the run, which may come much later.
    let closed = session.close().await;
    match (&brought, &closed) {
        (Err(_), Err(error)) => context.events.output(format!("not all is as it was before: {error}")),
        (Err(error), Ok(()))
            if context.round.is_later() && !context.cancel.is_cancelled() && !exit::is_lost(error) =>
        {
            context.events.output("what ran before runs");
        }
        _ => {}
    }
    let ports = brought?;
    closed?;
    Ok(ports)
}

async fn bring_up_in(
    session: &Session,
    args: &Args,
    place: &Place,
    context: &Context,
) -> anyhow::Result<Vec<(Door, u16)>> {
    let prefix = args.stack.prefix(context)?;
    let images = context.images.clone();
    let above = place.kept.environment()?;
    let (repo, tag) = (context.project()?, args.image_tag.clone());
    let mut setting = Setting::read_under(above, repo, images, tag, &context.events)?;
    let disabled = args.disabled();
    let mut lock = session.lock_stack(&prefix).await?;
    if context.round.is_later() && session.stack_containers(Some(&prefix)).await?.is_empty() {
        return Err(NotReady(format!(
            "the stack {prefix} was taken down, so there is nothing to follow; `cargo xtask up{} --watch` brings it up",
            args.stack.option()
        ))
        .into());
    }
    let owner = is_ours(session, &prefix, args, context).await?;
    let is_second = args.stack.is_second(context)?;
    let mut wish = ports::Wish::of(&doors::doors(&setting), &disabled, place, &prefix, is_second);
    if args.expect_container_env {
        wish.doors.clear();
    }
    let mut ports = ports::choose(session, &wish, &mut lock).await?;
    setting.listens_at(&ports.split_off(wish.doors.len()));
    setting.kratos = KratosSecrets::of_stack(session, &prefix);
    setting.lasting = Some(LastingSetting {
        owner: prefix.to_string(),
        web: at(&ports, TRAEFIK, &place.host).unwrap_or_else(|| stack::WEB_AUTHORITY.to_owned()),
        agents: at(&ports, AGENTS, "localhost").filter(|_| args.local_agent),
        published: ports.iter().map(|(door, port)| (*port, door.part, door.port)).collect(),
        disabled: disabled.clone(),
    });
    let stack = Stack::whole(&setting)?;
    let published = published(&ports, place.address);
    let router = (!disabled.contains(TRAEFIK)).then(|| stack::router(&setting));
    let network = place.kept.network.clone();
    let on_host = stack::found_on_host(&disabled);
    session.stay(Lasting { prefix, network, published, on_host, owner, router }, lock);
    session.start(&stack.services_of(&setting)).await?;
    let settled = session.settle().await?;
    for line in became(&settled) {
        context.events.output(line);
    }
    Ok(ports)
}

/// The folder of this checkout, whose the stack is from now on. One of another checkout that is called
/// the same by chance is left alone.
async fn is_ours(
    session: &Session,
    prefix: &Prefix,
    args: &Args,
    context: &Context,
) -> anyhow::Result<String> {
    let ours = context.project()?.identity();
    match other_owner(session, prefix, &ours).await? {
        Some(owner) if !args.stack.is_named() => Err(Usage(format!(
            "the stack {prefix} is that of another checkout, {owner}; take another --prefix, or say --prefix {prefix} \
             to have this one take it over"
        ))
        .into()),
        Some(owner) => {
            context.events.notice(format!("the stack {prefix} was that of {owner}"));
            Ok(ours)
        }
        None => Ok(ours),
    }
}

/// Host and port of a door for whoever is not among the containers.
fn at(ports: &[(Door, u16)], name: &str, host: &str) -> Option<String> {
    ports.iter().find(|(door, _)| door.name == name).map(|(_, port)| format!("{host}:{port}"))
}

fn published(ports: &[(Door, u16)], address: IpAddr) -> BTreeMap<String, Vec<Published>> {
    let mut published: BTreeMap<String, Vec<Published>> = BTreeMap::new();
    for (door, host_port) in ports {
        let port = Published { port: door.port, address, host_port: *host_port };
        published.entry(door.part.to_owned()).or_default().push(port);
    }
    published
}

/// What became of the parts, where something was there before.
fn became(settled: &Settled) -> Vec<String> {
    let Settled { unchanged, started, replaced, new, gone } = settled;
    let list = |parts: &[String]| parts.join(", ");
    let mut lines = Vec::new();
    if !unchanged.is_empty() {
        lines.push(format!("unchanged, so left alone: {}", list(unchanged)));
    }
    if !started.is_empty() {
        lines.push(format!("unchanged, and started again: {}", list(started)));
    }
    if !replaced.is_empty() {
        lines.push(format!("replaced, for they changed: {}", list(replaced)));
    }
    if !gone.is_empty() {
        lines.push(format!("taken down: {}", list(gone)));
    }
    if !(unchanged.is_empty() && started.is_empty() && replaced.is_empty() || new.is_empty()) {
        lines.push(format!("new: {}", list(new)));
    }
    lines
}

/// The parts with their addresses.
fn table(ports: &[(Door, u16)], host: &str) -> Vec<String> {
    let url = |(door, port): &(Door, u16)| match door.scheme {
        "" => format!("{host}:{port}"),
        scheme => format!("{scheme}://{host}:{port}"),
    };
    let urls: Vec<String> = ports.iter().map(url).collect();
    let width = urls.iter().map(String::len).max().unwrap_or_default();
    let names = ports.iter().map(|(door, _)| door.name.len()).max().unwrap_or_default();
    let line = |((door, _), url): (&(Door, u16), &String)| {
        format!("{:names$}  {url:width$}  {}", door.name, door.what)
    };
    ports.iter().zip(&urls).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports() -> Vec<(Door, u16)> {
        let door = |name, part, port, scheme, what| Door { name, part, port, usual: port, scheme, what };
        vec![
            (door("traefik", "traefik", 8000, "http", "the product"), 8000),
            (door("crux-agents", "crux", 5000, "", "the backend's gRPC"), 15000),
        ]
    }

    #[test]
    fn the_table_has_addresses_that_can_be_opened() {
        insta::assert_snapshot!(table(&ports(), "localhost").join("\n"));
        insta::assert_snapshot!(table(&ports(), "[2001:db8::1]").join("\n"));
        assert_eq!(at(&ports(), TRAEFIK, "dev.example.com").unwrap(), "dev.example.com:8000");
    }

    #[test]
    fn what_became_is_told_only_where_something_was_before() {
        let parts = |parts: &[&str]| parts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let first = Settled { new: parts(&["crux", "mail"]), ..Settled::default() };
        assert!(became(&first).is_empty());
        let again = Settled {
            unchanged: parts(&["mail"]),
            started: parts(&["database"]),
            replaced: parts(&["crux"]),
            new: parts(&["kratos"]),
            gone: parts(&["crux-ui"]),
        };
        insta::assert_snapshot!(became(&again).join("\n"));
    }
}
