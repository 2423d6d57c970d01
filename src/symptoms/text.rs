//! Bytes that a program printed, as text: whatever the encoding, without the codes that colour a terminal.

use std::char::{REPLACEMENT_CHARACTER, decode_utf16};

/// The text of what a program printed. Bytes that are no text are replaced; a carriage return, by which progress is drawn
/// over, ends a line like a line feed; a Windows shell's UTF-16 is read as such.
#[must_use]
pub fn clean(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    let text = anstream::adapter::strip_str(text.trim_start_matches('\u{feff}')).to_string();
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn wide(bytes: &[u8], number: impl Fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| number([pair[0], pair[1]]));
    decode_utf16(units).map(|unit| unit.unwrap_or(REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_becomes_lines() {
        let wide: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("fatal: x\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(clean(&wide), "fatal: x\n");
        assert_eq!(clean(b"\x1b[1;31mfatal:\x1b[m x\r\n"), "fatal: x\n");
        assert_eq!(clean(b"Receiving: 10%\rReceiving: 20%\rerror"), "Receiving: 10%\nReceiving: 20%\nerror");
        assert!(clean(&[b'a', 0xc3, b'\n']).starts_with('a'));
        assert_eq!(clean(b""), "");
    }
}
