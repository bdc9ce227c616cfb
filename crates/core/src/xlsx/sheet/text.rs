//! `_xHHHH_` escapes: how SpreadsheetML writes characters that XML cannot hold (ECMA-376 part 1, 22.9.2.19).

use std::borrow::Cow;

/// Resolves `_xHHHH_`. An escaped underscore, `_x005F_`, keeps what follows it from being an escape; UTF-16 surrogate pairs
/// come as two escapes; a lone surrogate stays as it is written.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    let mut places = text.match_indices("_x").map(|(at, _)| at);
    let Some(first) = places.find(|&at| code_at(&text[at..]).is_some()) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while !rest.is_empty() {
        match code_at(rest) {
            Some(code) => match char::from_u32(u32::from(code)) {
                Some(c) => {
                    out.push(c);
                    rest = &rest[7..];
                }
                None => match code_at(&rest[7..]).map(|low| char::decode_utf16([code, low]).next())
                {
                    Some(Some(Ok(c))) => {
                        out.push(c);
                        rest = &rest[14..];
                    }
                    _ => {
                        out.push_str(&rest[..7]);
                        rest = &rest[7..];
                    }
                },
            },
            None => {
                let next = rest[1..].find('_').map_or(rest.len(), |at| at + 1);
                // `rest` starts at `_` or at the first character after an escape.
                let end = if rest.starts_with('_') {
                    next
                } else {
                    rest.find('_').unwrap_or(rest.len())
                };
                out.push_str(&rest[..end]);
                rest = &rest[end..];
            }
        }
    }
    Cow::Owned(out)
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
