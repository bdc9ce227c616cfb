//! What codes look like: `ABC-0012345` is three capitals, a hyphen and seven digits.

/// Shapes that codes of one column may have.
const MAX_SHAPES: usize = 3;
/// Characters of the longest text that is taken for a code.
const MAX_CHARACTERS: usize = 40;

/// The shapes of the texts of a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shapes {
    known: Vec<Shape>,
    /// Some text is no code, or the shapes are too many.
    failed: bool,
    /// Some text has something else than digits.
    has_others: bool,
    /// Some text of digits starts with a zero that is not all of it.
    has_leading_zeros: bool,
}

/// Runs of characters of a kind: `A`, `a` and `9` for letters and digits, others for themselves.
type Shape = Vec<(u8, u8)>;

impl Shapes {
    pub(super) fn add(&mut self, text: &str) {
        self.has_others |= !text.bytes().all(|byte| byte.is_ascii_digit());
        self.has_leading_zeros |= text.len() > 1 && text.starts_with('0');
        if self.failed {
            return;
        }
        if self.known.iter().any(|shape| is_of(text, shape)) {
            return;
        }
        match shape_of(text) {
            Some(shape) if self.known.len() < MAX_SHAPES => self.known.push(shape),
            _ => {
                self.failed = true;
                self.known = Vec::new();
            }
        }
    }

    /// The pattern of identifiers of digits, some of which have leading zeros; `lengths` are those of the texts.
    pub(super) fn digits(&self, (least, most): (u32, u32)) -> Option<String> {
        let is_identifier = !self.has_others && self.has_leading_zeros;
        let is_short = most as usize <= MAX_CHARACTERS;
        (is_identifier && is_short).then(|| match least == most {
            true => format!("[0-9]{{{least}}}"),
            false => format!("[0-9]{{{least},{most}}}"),
        })
    }

    /// The pattern of codes of these shapes: each has a digit, or consists of capitals. Words are no codes.
    pub(super) fn pattern(&self) -> Option<String> {
        let has = |shape: &Shape, class: u8| shape.iter().any(|(other, _)| *other == class);
        let is_code = |shape: &Shape| has(shape, b'9') || has(shape, b'A') && !has(shape, b'a');
        if self.failed || self.known.is_empty() || !self.known.iter().all(is_code) {
            return None;
        }
        let mut patterns: Vec<String> = self.known.iter().map(written).collect();
        patterns.sort();
        Some(patterns.join("|"))
    }
}

fn class_of(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(b'A'),
        b'a'..=b'z' => Some(b'a'),
        b'0'..=b'9' => Some(b'9'),
        byte if byte.is_ascii_punctuation() => Some(byte),
        _ => None,
    }
}

/// `None` for a text that is no code: it has a blank, a letter beyond ASCII, or too much of everything.
fn shape_of(text: &str) -> Option<Shape> {
    if text.len() > MAX_CHARACTERS {
        return None;
    }
    let mut shape: Shape = Vec::new();
    for byte in text.bytes() {
        let class = class_of(byte)?;
        match shape.last_mut() {
            Some((last, count)) if *last == class => *count += 1,
            _ => shape.push((class, 1)),
        }
    }
    Some(shape)
}

fn is_of(text: &str, shape: &Shape) -> bool {
    let mut bytes = text.bytes();
    let fits = shape
        .iter()
        .all(|&(class, count)| (0..count).all(|_| bytes.next().and_then(class_of) == Some(class)));
    fits && bytes.next().is_none()
}

fn written(shape: &Shape) -> String {
    let mut pattern = String::new();
    for &(class, count) in shape {
        match class {
            b'A' => pattern += "[A-Z]",
            b'a' => pattern += "[a-z]",
            b'9' => pattern += "[0-9]",
            // Between others a hyphen is itself, and it reads better so.
            b'-' => pattern.push('-'),
            other => pattern += &regex::escape(&char::from(other).to_string()),
        }
        if count > 1 {
            pattern += &format!("{{{count}}}");
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::compile_pattern;

    fn pattern(texts: &[&str]) -> Option<String> {
        let mut shapes = Shapes::default();
        texts.iter().for_each(|text| shapes.add(text));
        shapes.pattern()
    }

    #[test]
    fn codes_have_a_pattern() {
        for (texts, expected) in [
            (
                &["ABC-1234567", "XYZ-0000001"][..],
                Some("[A-Z]{3}-[0-9]{7}"),
            ),
            (&["A1", "AB-3", "B2"], Some("[A-Z][0-9]|[A-Z]{2}-[0-9]")),
            (&["DE", "FR"], Some("[A-Z]{2}")),
            (&["v1.2", "v3.4"], Some(r"[a-z][0-9]\.[0-9]")),
            (&["a(1)+", "b(2)+"], Some(r"[a-z]\([0-9]\)\+")),
            (&["red", "sky"], None),
            (&["Red", "Sky"], None),
            (&["A 1"], None),
            (&["É1"], None),
            (&["A", "AA", "AAA", "AAAA"], None),
            (&[], None),
        ] {
            let found = pattern(texts);
            assert_eq!(found.as_deref(), expected, "{texts:?}");
            if let Some(found) = found {
                let pattern = compile_pattern(&found).unwrap();
                assert!(texts.iter().all(|text| pattern.is_match(text)), "{found}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn a_pattern_matches_what_it_was_made_from(texts in proptest::collection::vec("[!-~]{1,6}", 1..5)) {
            let mut shapes = Shapes::default();
            texts.iter().for_each(|text| shapes.add(text));
            let lengths = (1, 6);
            for pattern in shapes.pattern().into_iter().chain(shapes.digits(lengths)) {
                let pattern = compile_pattern(&pattern).unwrap();
                proptest::prop_assert!(texts.iter().all(|text| pattern.is_match(text)), "{pattern}");
            }
        }
    }
}
