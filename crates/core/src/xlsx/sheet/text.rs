//! `_xHHHH_` escapes: how SpreadsheetML writes characters that XML cannot hold (ECMA-376 part 1, 22.9.2.19).

use std::borrow::Cow;

/// Resolves `_xHHHH_`. An escaped underscore, `_x005F_`, keeps what follows it from being an escape; UTF-16 surrogate pairs
/// come as two escapes; a lone surrogate stays as it is written.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = next_escape(text) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut next) = (text, Some(first));
    while let Some((at, code)) = next {
        out.push_str(&rest[..at]);
        let escape = &rest[at..at + ESCAPE_LEN];
        rest = &rest[at + ESCAPE_LEN..];
        match (char::from_u32(u32::from(code)), code_at(rest)) {
            (Some(c), _) => out.push(c),
            (None, low) => match char::decode_utf16([code, low.unwrap_or(0)]).next() {
                Some(Ok(c)) => {
                    out.push(c);
                    rest = &rest[ESCAPE_LEN..];
                }
                _ => out.push_str(escape),
            },
        }
        next = next_escape(rest);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Length of `_xHHHH_`.
const ESCAPE_LEN: usize = 7;

/// Place and code of the first escape.
fn next_escape(text: &str) -> Option<(usize, u16)> {
    text.match_indices("_x")
        .find_map(|(at, _)| Some((at, code_at(&text[at..])?)))
}

/// The code when `text` starts with `_xHHHH_`.
fn code_at(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    if bytes.len() < 7 || &bytes[..2] != b"_x" || bytes[6] != b'_' {
        return None;
    }
    let digits = &bytes[2..6];
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_escapes() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_x0041__x0042_", "AB"),
            ("_xD83D__xDE00_", "\u{1f600}"),
            ("_xD83D_!", "_xD83D_!"),
            ("sku_x12", "sku_x12"),
            ("__x0041_", "_A"),
            ("_x00e9_é_x_x0041_", "éé_xA"),
            ("_xZZZZ__x0009_", "_xZZZZ_\t"),
        ] {
            assert_eq!(unescape(text), expected, "{text}");
        }
    }
}
