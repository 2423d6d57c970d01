//! Percent-encoding as git does it: RFC 3986, with git's own choice of characters.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::fmt::Write;

/// What git never leaves as it is.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'<')
    .add(b'>')
    .add(b'"')
    .add(b'%')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'^')
    .add(b'`');

/// The same, and delimiters, in what git writes of a credential itself.
const UNSAFE_IN_PATH: &AsciiSet = &UNSAFE
    .add(b':')
    .add(b'?')
    .add(b'#')
    .add(b'[')
    .add(b']')
    .add(b'@')
    .add(b'!')
    .add(b'$')
    .add(b'&')
    .add(b'\'')
    .add(b'(')
    .add(b')')
    .add(b'*')
    .add(b'+')
    .add(b',')
    .add(b';')
    .add(b'=');

/// The same, and the slash, within a user name.
const UNSAFE_IN_NAME: &AsciiSet = &UNSAFE_IN_PATH.add(b'/');

/// The delimiters of RFC 3986: where they are escaped, they stay so.
const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=";

/// Undoes every escape; a percent sign that begins none stays.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Escapes a path.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNSAFE_IN_PATH).to_string()
}

/// Escapes a user name.
pub(super) fn encoded_name(text: &str) -> String {
    utf8_percent_encode(text, UNSAFE_IN_NAME).to_string()
}

/// The one way to write a text: only the escapes that are needed, in upper case. `None` for a broken escape.
pub(super) fn normalised(text: &str) -> Option<String> {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if character != '%' {
            clean.extend(utf8_percent_encode(&rest[..character.len_utf8()], UNSAFE));
            rest = &rest[character.len_utf8()..];
            continue;
        }
        let hex = rest.get(1..3).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let byte = u8::from_str_radix(hex, 16).ok()?;
        let plain = byte.is_ascii_graphic() && !RESERVED.contains(&byte) && !br#"<>"%{}|\^`"#.contains(&byte);
        if plain {
            clean.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(clean, "%{byte:02X}");
        }
        rest = &rest[3..];
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_way_to_write_a_text() {
        for (text, clean) in [
            ("abc", Some("abc")),
            ("%61%2d%7e", Some("a-~")),
            ("%2f%3a", Some("%2F%3A")),
            ("a b", Some("a%20b")),
            ("é", Some("%C3%A9")),
            ("%c3%a9", Some("%C3%A9")),
            ("100%", None),
            ("%zz", None),
        ] {
            assert_eq!(normalised(text).as_deref(), clean, "{text}");
        }
    }
}
