//! Which images the application needs, by the names of its parts, and others in their place.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use xtask_engine::Error;
use xtask_engine::pipeline::Image;

use super::{kratos, mail, node, playwright, postgres, traefik};
use crate::project::Project;
use crate::stack::crux_ui;

/// What of the application comes from an image that others made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Part {
    /// Node.js, on which crux and crux-ui are built and run
    Node,
    /// PostgreSQL
    Database,
    /// Ory Kratos
    Kratos,
    /// The mail catcher
    Mail,
    /// Traefik
    Traefik,
    /// The browser of the end-to-end tests
    Playwright,
    /// The backend, in the place of its sources: an image with the commands `migrate` and `serve`
    Crux,
    /// The frontend, in the place of its sources
    CruxUi,
}

impl Part {
    /// Its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Database => "database",
            Self::Kratos => "kratos",
            Self::Mail => "mail",
            Self::Traefik => "traefik",
            Self::Playwright => "playwright",
            Self::Crux => "crux",
            Self::CruxUi => "crux-ui",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The images that the application in `repo` needs, with `overrides`: without a repository, those that
/// are the same for all.
///
/// # Errors
/// If the frontend's lockfile says no version of Playwright.
pub fn all(repo: Option<&Project>, overrides: &Overrides) -> Result<Vec<(Part, Image)>, Error> {
    let image = |part, own: fn() -> Image| (part, overrides.image(part, own));
    let mut images = vec![
        image(Part::Node, node),
        image(Part::Database, postgres),
        image(Part::Kratos, kratos),
        image(Part::Mail, mail),
        image(Part::Traefik, traefik),
    ];
    if let Some(version) = repo.map(|repo| repo.playwright_version(crux_ui::PART)).transpose()? {
        images.push((Part::Playwright, overrides.image(Part::Playwright, || playwright(&version))));
    }
    Ok(images)
}

/// An image in the place of a part's own: `kratos=oryd/kratos:v1.3.0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The part.
    pub part: Part,
    /// The image's reference.
    pub image: String,
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, image) = text.split_once('=').unwrap_or((text, ""));
        let Some(part) = Part::value_variants().iter().find(|part| part.name() == name) else {
            let names: Vec<&str> = Part::value_variants().iter().map(|part| part.name()).collect();
            return Err(format!(
                "no part of the application is called {name:?}: it has {}",
                names.join(", ")
            ));
        };
        if image.is_empty() {
            return Err(format!("{text:?} names no image: write it as {name}=IMAGE"));
        }
        Ok(Self { part: *part, image: image.to_owned() })
    }
}

/// Images in the place of parts' own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides(BTreeMap<Part, String>);

impl Overrides {
    /// The image that was named for `part`, if one was.
    pub fn named(&self, part: Part) -> Option<Image> {
        self.0.get(&part).map(Image::named)
    }

    /// The image of `part`: the one that was named, which then has no stand-in, else `own`.
    pub fn image(&self, part: Part, own: impl FnOnce() -> Image) -> Image {
        self.0.get(&part).map_or_else(own, Image::named)
    }
}

impl FromIterator<Override> for Overrides {
    /// Of two for one part the last counts.
    fn from_iter<I: IntoIterator<Item = Override>>(overrides: I) -> Self {
        Self(overrides.into_iter().map(|it| (it.part, it.image)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Override, String> {
        text.parse()
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for part in Part::value_variants() {
            let value = part.to_possible_value().expect("no part is hidden");
            assert_eq!(value.get_name(), part.name());
        }
    }

    #[test]
    fn an_override_names_a_part_and_an_image() {
        let registry = parse("mail=registry.example:5000/mail:1@sha256:0=").unwrap();
        assert_eq!(
            (registry.part, registry.image.as_str()),
            (Part::Mail, "registry.example:5000/mail:1@sha256:0=")
        );
        insta::assert_snapshot!(parse("cratos=oryd/kratos").unwrap_err(), @r#"no part of the application is called "cratos": it has node, database, kratos, mail, traefik, playwright, crux, crux-ui"#);
        insta::assert_snapshot!(parse("kratos").unwrap_err(), @r#""kratos" names no image: write it as kratos=IMAGE"#);
        insta::assert_snapshot!(parse("kratos=").unwrap_err(), @r#""kratos=" names no image: write it as kratos=IMAGE"#);
    }

    #[test]
    fn what_is_named_has_no_stand_in_and_the_rest_is_as_it_was() {
        let overrides: Overrides =
            ["kratos=mine:1", "kratos=mine:2"].map(|text| parse(text).unwrap()).into_iter().collect();
        let mine = overrides.image(Part::Kratos, kratos);
        assert_eq!((mine.name(), mine.stand_in().is_some()), ("mine:2", false));
        let own = overrides.image(Part::Mail, mail);
        assert_eq!((own.name(), own.stand_in().is_some()), ("oryd/mailslurper:smtps-latest", true));
    }

    #[test]
    fn a_recipe_is_without_a_mistake_and_its_tag_its_own() {
        let mut images = all(None, &Overrides::default()).unwrap();
        images.push((Part::Playwright, playwright("1.42.1")));
        let mut tags = std::collections::BTreeSet::new();
        for (part, image) in images {
            let stand_in = image.stand_in().unwrap_or_else(|| panic!("{part} has no stand-in"));
            assert!(tags.insert(stand_in.tag.clone()), "{} is there twice", stand_in.tag);
            assert!(stand_in.tag.starts_with("xtask-stand-in/"), "{}", stand_in.tag);
            assert!(!stand_in.differs.contains('\n'), "{}", stand_in.differs);
        }
    }
}
