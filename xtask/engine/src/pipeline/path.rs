//! Paths inside a container.

use std::fmt;

/// A path inside a container: absolute, without `.`, `..` or a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerPath(String);

impl ContainerPath {
    /// The root.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// `path` as seen from `workdir`: an absolute path stands for itself.
    ///
    /// # Errors
    /// A text that says what is wrong: a NUL byte, or a relative path without a `workdir`.
    pub fn resolve(path: &str, workdir: Option<&ContainerPath>) -> Result<Self, String> {
        if path.contains('\0') {
            return Err(format!("the container path {path:?} contains a NUL byte"));
        }
        let mut parts: Vec<&str> = Vec::new();
        if !path.starts_with('/') {
            let Some(workdir) = workdir else {
                return Err(format!(
                    "the container path {path:?} is relative and there is no with_workdir before it"
                ));
            };
            parts.extend(workdir.0.split('/').filter(|part| !part.is_empty()));
        }
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        Ok(Self(format!("/{}", parts.join("/"))))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContainerPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_absolute_and_clean() {
        let src = ContainerPath::resolve("/src/", None).unwrap();
        assert_eq!(src.as_str(), "/src");
        assert_eq!(ContainerPath::resolve("a/./b//../c", Some(&src)).unwrap().as_str(), "/src/a/c");
        assert_eq!(ContainerPath::resolve("/../..", None).unwrap(), ContainerPath::root());
        assert_eq!(ContainerPath::resolve("/x", Some(&src)).unwrap().as_str(), "/x");
    }

    #[test]
    fn a_relative_path_needs_a_working_directory() {
        assert!(ContainerPath::resolve("a", None).unwrap_err().contains("with_workdir"));
        assert!(ContainerPath::resolve("/a\0", None).unwrap_err().contains("NUL"));
    }
}
