//! What a set of services means together: who waits for whom, who shares a network namespace, by
//! which names each is found. Pure: no IO, no async.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use thiserror::Error;

use crate::pipeline::{Config, LOCALHOST, PipelineError, Service};

/// Why services cannot run together. Found before anything starts.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlanError {
    /// One of them is wrong in itself.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// Their needs have no beginning.
    #[error("needs go in a circle: {}; let one of them only name the other, for names may go in circles", .0.join(" -> "))]
    Circle(Vec<String>),
    /// A name stands for two things.
    #[error(
        "two different services are named {0}: give one of them another name, or make the value once and clone it"
    )]
    SameName(String),
    /// A test has the name of a service.
    #[error("a test and a service are both named {0}: give the test another name")]
    TestName(String),
    /// A name by which one is found belongs to another.
    #[error("the name {alias} is that of {first} and of {second}: bind one of them under another name")]
    SameAlias {
        /// The name.
        alias: String,
        /// Who has it.
        first: String,
        /// Who is to have it, too.
        second: String,
    },
    /// On one `localhost`, a port belongs to two.
    #[error(
        "{first} and {second} share one localhost and both listen on port {port}: move one of them, or bind it under \
         a name"
    )]
    SamePort {
        /// The port.
        port: u16,
        /// Who has it.
        first: String,
        /// Who is to have it, too.
        second: String,
    },
}

/// Services in an order in which each comes after all that it waits for.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) nodes: Vec<Node>,
    /// The group of the client, if it is in one.
    pub(crate) client_group: Option<String>,
}

/// A service among others.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) service: Service,
    /// Names of those that must be ready, or have ended well, before it starts.
    pub(crate) waits_for: BTreeSet<String>,
    /// Names by which it is found, besides its own.
    pub(crate) aliases: BTreeSet<String>,
    /// The `localhost` that it shares: the name of the first of those who do.
    pub(crate) group: Option<String>,
    /// Whether another waits for it.
    pub(crate) is_needed: bool,
}

impl Node {
    pub(crate) fn name(&self) -> &str {
        self.service.name()
    }
}

/// Who wants services without being one: a test.
pub(crate) struct Client<'a> {
    pub(crate) name: &'a str,
    pub(crate) config: &'a Config,
}

impl Plan {
    /// `services`, what `client` is bound to, and all that they need.
    pub(crate) fn of(services: &[&Service], client: Option<&Client<'_>>) -> Result<Self, PlanError> {
        let mut walk = Walk::default();
        let bound = client.map(|client| client.config.bindings.as_slice()).unwrap_or_default();
        for service in services.iter().copied().chain(bound.iter().map(|binding| &binding.service)) {
            walk.visit(service)?;
        }
        let mut nodes: Vec<Node> = walk.order.into_iter().map(node).collect();
        if let Some(client) = client
            && nodes.iter().any(|node| node.name() == client.name)
        {
            return Err(PlanError::TestName(client.name.to_owned()));
        }
        let needed: BTreeSet<String> = nodes.iter().flat_map(|node| node.waits_for.iter().cloned()).collect();
        nodes.iter_mut().for_each(|node| node.is_needed = needed.contains(node.service.name()));
        let client_group = name_them(&mut nodes, client)?;
        check_ports(&nodes)?;
        Ok(Self { nodes, client_group })
    }

    /// What the image of a service is called: several may run one, and a job is not what it is for.
    pub(crate) fn image_name<'a>(&'a self, node: &'a Node) -> &'a str {
        let fs = |node: &Node| Arc::as_ptr(&node.service.0.fs.0);
        let others = self.nodes.iter().filter(|other| fs(other) == fs(node));
        others.filter(|other| !other.service.is_job()).map(Node::name).next().unwrap_or(node.name())
    }

    /// The members of each `localhost`.
    pub(crate) fn groups(&self) -> BTreeMap<&str, Vec<&Node>> {
        let mut groups: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
        for node in &self.nodes {
            if let Some(group) = &node.group {
                groups.entry(group).or_default().push(node);
            }
        }
        groups
    }
}

fn node(service: Service) -> Node {
    let waits_for = service.waits_for().map(|other| other.name().to_owned()).collect();
    Node { service, waits_for, aliases: BTreeSet::new(), group: None, is_needed: false }
}

#[derive(Default)]
struct Walk {
    order: Vec<Service>,
    /// Names from the first service to the one that is looked at.
    path: Vec<String>,
}

impl Walk {
    fn visit(&mut self, service: &Service) -> Result<(), PlanError> {
        let name = service.name();
        // A value holds what it needs, so it cannot need itself; another of its name can.
        if let Some(at) = self.path.iter().position(|known| known == name) {
            let mut circle = self.path[at..].to_vec();
            circle.push(name.to_owned());
            return Err(PlanError::Circle(circle));
        }
        if let Some(known) = self.order.iter().find(|known| known.name() == name) {
            return if known.is_same(service) { Ok(()) } else { Err(PlanError::SameName(name.into())) };
        }
        if let Some(error) = &service.0.error {
            return Err(error.clone().into());
        }
        self.path.push(name.to_owned());
        for other in service.waits_for() {
            self.visit(other)?;
        }
        self.path.pop();
        self.order.push(service.clone());
        Ok(())
    }
}

/// Gives all their aliases and groups; the client's group.
fn name_them(nodes: &mut [Node], client: Option<&Client<'_>>) -> Result<Option<String>, PlanError> {
    let mut bindings: Vec<(String, String, String)> = Vec::new();
    let clients = nodes.iter().map(|node| (node.name().to_owned(), node.service.0.config.clone()));
    for (name, config) in clients {
        let of = |binding: &crate::pipeline::Binding| {
            (name.clone(), binding.alias.clone(), binding.service.name().to_owned())
        };
        bindings.extend(config.bindings.iter().map(of));
    }
    if let Some(Client { name, config }) = client {
        let of = |binding: &crate::pipeline::Binding| {
            ((*name).to_owned(), binding.alias.clone(), binding.service.name().to_owned())
        };
        bindings.extend(config.bindings.iter().map(of));
    }
    let mut owners: BTreeMap<String, String> =
        nodes.iter().map(|node| (node.name().to_owned(), node.name().to_owned())).collect();
    let mut groups = Groups::default();
    for (client, alias, service) in bindings {
        if alias == LOCALHOST {
            groups.join(&client, &service);
            continue;
        }
        match owners.get(&alias) {
            Some(owner) if *owner != service => {
                return Err(PlanError::SameAlias { alias, first: owner.clone(), second: service });
            }
            Some(_) => {}
            None => {
                owners.insert(alias, service);
            }
        }
    }
    let client_name = client.map(|client| client.name);
    for node in nodes.iter_mut() {
        let name = node.name().to_owned();
        let own = owners.iter().filter(|(alias, owner)| **owner == name && **alias != name);
        node.aliases = own.map(|(alias, _)| alias.clone()).collect();
        node.group = groups.of(&name, client_name);
    }
    Ok(client_name.and_then(|name| groups.of(name, client_name)))
}

/// Who shares a `localhost` with whom.
#[derive(Default)]
struct Groups(Vec<BTreeSet<String>>);

impl Groups {
    fn join(&mut self, one: &str, other: &str) {
        let (with, without) = self
            .0
            .drain(..)
            .partition(|group: &BTreeSet<String>| group.contains(one) || group.contains(other));
        self.0 = without;
        let with: Vec<BTreeSet<String>> = with;
        let mut joined: BTreeSet<String> = with.into_iter().flatten().collect();
        joined.extend([one.to_owned(), other.to_owned()]);
        self.0.push(joined);
    }

    /// The group of `name`, called after the first service in it: clients come and go.
    fn of(&self, name: &str, client: Option<&str>) -> Option<String> {
        let group = self.0.iter().find(|group| group.contains(name))?;
        group.iter().find(|member| Some(member.as_str()) != client).cloned()
    }
}

fn check_ports(nodes: &[Node]) -> Result<(), PlanError> {
    let mut owners: BTreeMap<(&str, u16), &str> = BTreeMap::new();
    for node in nodes {
        let Some(group) = &node.group else { continue };
        for port in &node.service.0.config.ports {
            if let Some(first) = owners.insert((group, *port), node.name()) {
                let (first, second) = (first.to_owned(), node.name().to_owned());
                return Err(PlanError::SamePort { port: *port, first, second });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Container;

    fn service(name: &str) -> Service {
        Container::from("image").as_service(name)
    }

    fn names(plan: &Plan) -> Vec<&str> {
        plan.nodes.iter().map(Node::name).collect()
    }

    fn error(services: &[&Service]) -> String {
        Plan::of(services, None).unwrap_err().to_string()
    }

    #[test]
    fn each_comes_after_what_it_waits_for_and_once() {
        let database = service("database");
        let migrate = Container::from("image").as_job("migrate").with_need(&database);
        let crux = Container::from("image")
            .with_service_binding("db", &database)
            .as_service("crux")
            .with_need(&migrate);
        let plan = Plan::of(&[&crux, &database], None).unwrap();
        assert_eq!(names(&plan), ["database", "migrate", "crux"]);
        assert_eq!(plan.nodes[0].aliases, BTreeSet::from(["db".to_owned()]));
        assert_eq!(plan.nodes.iter().map(|node| node.is_needed).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(plan.nodes[2].waits_for, BTreeSet::from(["database".to_owned(), "migrate".to_owned()]));
    }

    #[test]
    fn a_circle_of_needs_is_told_and_one_of_names_is_none() {
        let first = service("crux");
        let traefik = service("traefik").with_need(&first);
        let crux = service("crux").with_need(&traefik);
        insta::assert_snapshot!(error(&[&crux]), @"needs go in a circle: crux -> traefik -> crux; let one of them only name the other, for names may go in circles");
        assert!(Plan::of(&[&first, &service("traefik")], None).is_ok());
    }

    #[test]
    fn a_name_is_that_of_one() {
        let other = Container::from("other").as_service("crux");
        insta::assert_snapshot!(error(&[&service("crux"), &other]), @"two different services are named crux: give one of them another name, or make the value once and clone it");
        let (database, mail) = (service("database"), service("mail"));
        let crux = Container::from("image").with_service_binding("mail", &database).as_service("crux");
        insta::assert_snapshot!(error(&[&crux, &mail]), @"the name mail is that of mail and of database: bind one of them under another name");
    }

    #[test]
    fn those_of_one_localhost_are_one_group_whose_ports_differ() {
        let image = Container::from("image");
        let database = image.with_exposed_port(5432).as_service("database");
        let kratos = image.with_service_binding("localhost", &database).as_service("kratos");
        let test = image.with_service_binding("localhost", &kratos);
        let client = Client { name: "e2e", config: &test.config };
        let plan = Plan::of(&[], Some(&client)).unwrap();
        assert_eq!(plan.client_group.as_deref(), Some("database"));
        assert_eq!(plan.groups()["database"].len(), 2);

        let other =
            image.with_exposed_port(5432).with_service_binding("localhost", &kratos).as_service("other");
        insta::assert_snapshot!(error(&[&other]), @"database and other share one localhost and both listen on port 5432: move one of them, or bind it under a name");
    }

    #[test]
    fn a_name_that_is_none_is_told_with_its_place() {
        let error = error(&[&service("Crux")]);
        assert!(
            error.starts_with("\"Crux\" cannot be a service's name") && error.contains("plan.rs:"),
            "{error}"
        );
    }
}
