//! Where a test command ran, and how people read what it said there.

/// A place in a container, and what people call it.
pub(super) struct Place<'a> {
    /// `/src/`.
    pub(super) in_container: &'a str,
    /// `web/crux/`.
    pub(super) in_repository: &'a str,
}

impl Place<'_> {
    /// A path of the container as people know it.
    pub(super) fn path(&self, path: &str) -> String {
        match path.strip_prefix(self.in_container) {
            Some(inside) => format!("{}{inside}", self.in_repository),
            None => path.to_owned(),
        }
    }

    /// A message without colours, which tools put in even where nothing shows them, without the part
    /// of a stack that is in other people's code, and with paths as people know them.
    pub(super) fn message(&self, text: &str) -> String {
        let plain = plain(text);
        let own = |line: &&str| {
            let line = line.trim_start();
            let is_frame = line.starts_with("at ") || line.starts_with("- /"); // node's "Require stack"
            !(is_frame && (line.contains("/node_modules/") || line.contains("(<anonymous>)")))
        };
        let own: Vec<&str> = plain.lines().filter(own).collect();
        self.paths(own.join("\n").trim_end())
    }

    /// Paths of the container within a text, but not what is only the end of another path or URL.
    fn paths(&self, text: &str) -> String {
        let mut read = String::with_capacity(text.len());
        let mut rest = 0;
        for (at, found) in text.match_indices(self.in_container) {
            let goes_on =
                |char: char| char.is_alphanumeric() || matches!(char, '/' | '.' | '-' | '_' | ':' | '~');
            if !text[..at].ends_with(goes_on) {
                read.push_str(&text[rest..at]);
                read.push_str(self.in_repository);
                rest = at + found.len();
            }
        }
        read.push_str(&text[rest..]);
        read
    }
}

/// A text without colours.
pub(super) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_plain_and_name_what_is_ours() {
        let place = Place { in_container: "/src/", in_repository: "web/crux/" };
        let message = place.message(
            "\u{1b}[31mno\u{1b}[39m http://host/src/x and \"/src/a.json\"\n\
             - /src/node_modules/x.js\n\
             \u{20}   at Object.<anonymous> (/src/a.spec.ts:1:2)\n\
             \u{20}   at /src/b.ts:3:4\n\
             \u{20}   at new Promise (<anonymous>)\n\
             \u{20}   at y (/src/node_modules/z.js:3:4)\n",
        );
        assert_eq!(
            message,
            "no http://host/src/x and \"web/crux/a.json\"\n    \
             at Object.<anonymous> (web/crux/a.spec.ts:1:2)\n    at web/crux/b.ts:3:4"
        );
        assert_eq!(
            (place.path("/src/a.ts"), place.path("/other/a.ts")),
            ("web/crux/a.ts".into(), "/other/a.ts".into())
        );
    }
}
