//! Changing values in a `.env` file: every other byte stays, comments and order too.

use super::{Dotenv, DotenvError, Reader, text};

/// A file with other values, and what is different.
#[derive(Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole file.
    pub text: String,
    /// Each name whose value is another, with the value that it had, if it had one, and has now.
    pub changes: Vec<(String, Option<String>, String)>,
}

impl Dotenv {
    /// The file `bytes` with these values: where it has a name, on the line that counts, else at its
    /// end.
    ///
    /// # Errors
    /// The first line that cannot be understood; a value that no such file can have.
    pub fn edit(bytes: &[u8], values: &[(String, String)]) -> Result<Edited, DotenvError> {
        text(bytes)?; // what is said of encodings
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        if text.replace("\r\n", "\n").contains('\r') {
            let what = "it has line ends of an old Macintosh; save the file with LF".into();
            return Err(DotenvError { line: 1, what });
        }
        let mut changes = Vec::new();
        for (name, value) in values {
            let written = written(value).ok_or_else(|| DotenvError {
                line: text.lines().count() + 1,
                what: format!(
                    "the value of {name} has all kinds of quotes, which no .env file can have; set it in the shell"
                ),
            })?;
            let mut reader = Reader { rest: &text, line: 1 };
            let mut last = None;
            while let Some(found) = reader.assignment()? {
                if found.name == name {
                    last = Some((text.len() - found.from_end, found.length, found.value));
                }
            }
            match last {
                Some((.., had)) if had == *value => {}
                Some((at, length, had)) => {
                    text.replace_range(at..at + length, &written);
                    changes.push((name.clone(), Some(had), value.clone()));
                }
                None => {
                    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
                    if !text.is_empty() && !text.ends_with('\n') {
                        text += end;
                    }
                    text += &format!("{name}={written}{end}");
                    changes.push((name.clone(), None, value.clone()));
                }
            }
        }
        Ok(Edited { text, changes })
    }
}

/// A value as a `.env` file has it, and a shell reads it; none if there is no way.
pub fn written(value: &str) -> Option<String> {
    let plain = |char: char| char.is_ascii_alphanumeric() || "_./:@%+,=-~".contains(char);
    let is_plain = value.chars().all(plain);
    let quoted = |quote: char| format!("{quote}{value}{quote}");
    // In a shell, a `$` in double quotes is a variable.
    let kinds = if value.contains(['$', '`']) { ['\'', '"', '`'] } else { ['"', '\'', '`'] };
    let candidates = is_plain.then(|| value.to_owned()).into_iter().chain(kinds.map(quoted));
    let reads = |candidate: &String| {
        let read = Dotenv::parse(format!("A={candidate}\nB=1\n").as_bytes());
        read.is_ok_and(|read| read.get("A") == Some(value) && read.get("B") == Some("1"))
    };
    { candidates }.find(reads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(file: &str, values: &[(&str, &str)]) -> Edited {
        let values: Vec<_> =
            values.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Dotenv::edit(file.as_bytes(), &values).unwrap()
    }

    #[test]
    fn only_the_values_are_others() {
        let file = "# Comment\n\nexport A = old # why\nB='x y' # quoted\nA=counts\nD=\"two\nlines\"\n#E=1";
        let edited = edit(file, &[("A", "new"), ("B", "a b"), ("D", "one"), ("E", "2"), ("F", "")]);
        assert_eq!(
            edited.text,
            "# Comment\n\nexport A = old # why\nB=\"a b\" # quoted\nA=new\nD=one\n#E=1\nE=2\nF=\n"
        );
        let had: Vec<_> =
            edited.changes.iter().map(|(name, had, _)| (name.as_str(), had.as_deref())).collect();
        let expected =
            [("A", Some("counts")), ("B", Some("x y")), ("D", Some("two\nlines")), ("E", None), ("F", None)];
        assert_eq!(had, expected);
        // Once more there is nothing to do.
        let again = edit(&edited.text, &[("A", "new"), ("D", "one"), ("F", "")]);
        assert_eq!((again.text, again.changes.len()), (edited.text, 0));
        assert_eq!(edit("A=\nB=1\n", &[("A", "x")]).text, "A=x\nB=1\n");
        assert_eq!(
            edit("A=\t# none\r\nB=1\r\n", &[("A", "x"), ("C", "y")]).text,
            "A=x\t# none\r\nB=1\r\nC=y\r\n"
        );
        assert_eq!(edit("", &[("A", "x")]).text, "A=x\n");
    }

    #[test]
    fn a_value_is_written_so_that_it_is_read_as_it_is() {
        let written = |value: &str| written(value).unwrap();
        assert_eq!(written("http://localhost:8000/kratos"), "http://localhost:8000/kratos");
        assert_eq!(written("a#b"), "\"a#b\"");
        assert_eq!(written("p$s"), "'p$s'");
        assert_eq!(written("say \"x\""), "'say \"x\"'");
        assert_eq!(written("C:\\new"), "'C:\\new'");
        for hard in ["'", "\"", " x ", "a\nb", "", "it's `$x`", "x\\"] {
            let text = format!("A={}\n", written(hard));
            assert_eq!(Dotenv::parse(text.as_bytes()).unwrap().get("A"), Some(hard), "{text}");
        }
        assert_eq!(super::written("'\"`"), None);
    }
}
