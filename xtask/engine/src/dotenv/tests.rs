use super::*;

/// `NAME=value` for each variable, values as Rust would write them.
fn read(text: &str) -> String {
    let dotenv = Dotenv::parse(text.as_bytes()).unwrap();
    dotenv.iter().map(|(name, value)| format!("{name}={value:?}\n")).collect()
}

/// npm's dotenv, 16.6 and 18.0, reads each of these the same way.
#[test]
fn values_are_those_that_the_application_sees() {
    let read = read(
        r#"
# a comment
PLAIN=value
 SPACED = a b  c   # a comment
EMPTY=
EMPTY_COMMENT= # a comment
EMPTY_QUOTES=""
export EXPORTED=1
export	TABBED=2
export=a name
DOTTED.NAME-1=3
1ST=4
SINGLE='a # b $HOME \n'  # a comment
DOUBLE="a # b $HOME \n\r\t" # a comment
BACKTICK=`it's "so"`
ESCAPED="say \"so\""
WINDOWS="C:\dir\"
WINDOWS_COMMENT="C:\dir\" # not "D:"
INNER=it's "so"
HASH=pa#ss
DOLLAR=pa$$w0rd${HOME}$1
EQUALS=a=b==
URL=postgresql://user:p%40ss@localhost:5432/crux?schema=public
UNICODE=grüße
NO_BREAK= ä 
LINES="first
  second # not a comment
third"
KEY='-----BEGIN-----
AbC=
-----END-----' # a comment
TWICE=1
AFTER=x
TWICE=2"#,
    );
    insta::assert_snapshot!(read);
}

#[test]
fn byte_order_mark_and_line_ends_of_other_systems_do_not_count() {
    assert_eq!(
        read("\u{feff}A=1\r\nB=\"x\r\ny\"\r\n\r\nC=3\rD=\r\n"),
        "A=\"1\"\nB=\"x\\ny\"\nC=\"3\"\nD=\"\"\n"
    );
    assert_eq!(read("\u{feff}# comment\nA=1\n\u{feff}B= \u{feff}2"), "A=\"1\"\nB=\"2\"\n");
    assert_eq!(read(""), "");
    assert_eq!(read(" \n# only"), "");
}

#[test]
fn the_last_line_for_a_name_counts() {
    let dotenv = Dotenv::parse(b"A=1\nB=2\nA=3\n").unwrap();
    assert_eq!((dotenv.get("A"), dotenv.get("C")), (Some("3"), None));
}

#[test]
fn lines_that_cannot_be_understood() {
    let utf16: Vec<u8> = "\u{feff}A=1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bad: [&[u8]; 15] = [
        b"A=1\n\nsecretvalue\n",
        b"A=1\nexport B\n",
        b"YAML: secretvalue",
        b"=secretvalue",
        b"A B=secretvalue",
        b"A=1\n$B=secretvalue",
        b"A=1\nSECRET=\"secretvalue\nB=2\n",
        b"A=1\nSECRET=\"secretvalue\nB=\"2\"\nC=3\n",
        b"SECRET='secretvalue",
        b"SECRET=`",
        b"LINES=\"a\nb\"\nSECRET=\"secret\"value",
        b"A='it''s' # secretvalue",
        b"A=1\nB=gr\xfc\xdfe\n",
        &utf16,
        b"A=1\nB=\0\n",
    ];
    let texts = bad.map(|bad| Dotenv::parse(bad).unwrap_err().to_string());
    assert!(!texts.iter().any(|text| text.contains("secretvalue")), "{texts:?}");
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn what_is_shown_for_debugging_has_no_values() {
    let dotenv = Dotenv::parse(b"A=secretvalue\n").unwrap();
    assert_eq!(format!("{dotenv:?}"), r#"{"A"}"#);
}
