//! Trees that are measured: a copy of the frontend that may be edited, and a generated one with
//! very many files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::measure;
use crate::project::Project;
use crate::stack::{crux, crux_ui, kratos};

/// The part that is measured.
pub const PART: &str = "web/crux-ui";
/// Not copied: made by tools, or secret.
const NOT_COPIED: [&str; 6] = ["node_modules", "dist", ".next", "coverage", ".git", ENVIRONMENT];
/// A part's environment.
const ENVIRONMENT: &str = ".env";
/// Files in one generated folder.
const FILES_A_FOLDER: usize = 100;

/// A copy of the frontend of `project` in a repository of its own below `scratch`.
pub fn frontend(project: &Project, scratch: &Path) -> anyhow::Result<PathBuf> {
    project.npm_manifests(PART)?;
    let repo = scratch.join("repo");
    copy(&project.root().join(PART), &repo.join(PART))?;
    Ok(repo)
}

/// A copy of the application, with its environment, in a repository of its own below `scratch`.
pub fn application(project: &Project, scratch: &Path) -> anyhow::Result<PathBuf> {
    let repo = scratch.join("application");
    for part in [crux::PART, crux_ui::PART, kratos::PART] {
        let (from, to) = (project.root().join(part), repo.join(part));
        copy(&from, &to)?;
        if from.join(ENVIRONMENT).is_file() {
            fs::copy(from.join(ENVIRONMENT), to.join(ENVIRONMENT))?;
        }
    }
    Ok(repo)
}

/// Copies a tree without what is not of it.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if name.to_str().is_some_and(|name| NOT_COPIED.contains(&name)) {
            continue;
        }
        if kind.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// A repository whose frontend has `files` small files, no packages, and a test that does nothing.
pub fn many_files(scratch: &Path, files: usize) -> anyhow::Result<PathBuf> {
    let repo = scratch.join("many");
    let part = repo.join(PART);
    fs::create_dir_all(&part)?;
    let manifest = json!({ "name": "many", "version": "1.0.0", "scripts": { "test": "echo tested" } });
    let lock = json!({ "name": "many", "version": "1.0.0", "lockfileVersion": 3, "packages": {
        "": { "name": "many", "version": "1.0.0" } } });
    write_json(&part.join("package.json"), &manifest)?;
    write_json(&part.join("package-lock.json"), &lock)?;
    for folder in 0..files / FILES_A_FOLDER {
        let path = part.join(format!("src/module-{folder:04}"));
        fs::create_dir_all(&path)?;
        for file in 0..FILES_A_FOLDER {
            let text = format!("export const value = {}\n", folder * FILES_A_FOLDER + file);
            fs::write(path.join(format!("file-{file:02}.ts")), text)?;
        }
    }
    Ok(repo)
}

/// A source file that can be edited.
pub struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The first by name that is TypeScript or JavaScript and no test.
    pub fn first(folder: &Path) -> anyhow::Result<Self> {
        let found = find(&folder.join("src"))?.or(find(folder)?);
        let path = found.with_context(|| format!("{} has no source to edit", folder.display()))?;
        Ok(Self { text: fs::read_to_string(&path)?, path })
    }

    /// Another comment at its end.
    pub fn edit(&self, note: &str) -> anyhow::Result<()> {
        Ok(fs::write(&self.path, format!("{}// {note}\n", self.text))?)
    }
}

fn find(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(None) };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort_unstable();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if NOT_COPIED.contains(&name) {
            continue;
        }
        if path.is_dir() {
            if let Some(found) = find(&path)? {
                return Ok(Some(found));
            }
        } else if [".ts", ".tsx", ".js", ".jsx"].iter().any(|end| name.ends_with(end))
            && ![".test.", ".spec.", ".config.", ".d."].iter().any(|part| name.contains(part))
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Changes a package's manifest.
pub fn edit_manifest(folder: &Path, edit: impl FnOnce(&mut Value)) -> anyhow::Result<()> {
    let path = folder.join("package.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut manifest: Value = serde_json::from_str(&text).context("package.json is no JSON")?;
    edit(&mut manifest);
    write_json(&path, &manifest)
}

/// A git repository with all of `folder` committed.
pub fn commit(folder: &Path) -> anyhow::Result<()> {
    for args in [
        &["init", "--quiet"][..],
        &["add", "--all"],
        &["-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "--quiet", "-m", "all"],
    ] {
        measure::time(Command::new("git").args(args).current_dir(folder))?;
    }
    if !folder.join(".git").exists() {
        bail!("git made no repository of {}", folder.display());
    }
    Ok(())
}

fn write_json(path: &Path, value: &Value) -> anyhow::Result<()> {
    Ok(fs::write(path, serde_json::to_string_pretty(value)? + "\n")?)
}
