//! Encoding and dialect of a text file.

use std::{borrow::Cow, str::Utf8Error};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{
    CsvOptions,
    records::{End, Fields, Marks},
};
use crate::{
    error::{Error, Result},
    source::Source,
};

/// How a file is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) encoding: &'static Encoding,
    pub(super) marks: Marks,
    /// Bytes before the first record: a byte order mark, a line `sep=;`.
    pub(super) start: usize,
}

/// Bytes that the delimiter is guessed from.
const SAMPLE_BYTES: usize = 256 << 10;
/// Records, too.
const SAMPLE_RECORDS: usize = 500;
/// What may part fields, the likelier first.
const DELIMITERS: [u8; 4] = *b",;\t|";

pub(super) fn detect(source: &Source, options: &CsvOptions) -> Result<Dialect> {
    let bytes = source.bytes();
    let (encoding, bom) = encoding(bytes, options.encoding.as_deref())?;
    let sample = sample(&bytes[bom..], encoding);
    let text = sample.as_bytes();
    // A line that spreadsheet programs write and understand.
    let line = text
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    let named = match line.trim_ascii_end() {
        [b's', b'e', b'p', b'=', delimiter] if delimiter.is_ascii() => Some(*delimiter),
        _ => None,
    };
    let skipped = match named {
        Some(_) => {
            let end = line.len();
            let crlf = text.get(end..end + 2) == Some(b"\r\n");
            end + 1 + usize::from(crlf)
        }
        None => 0,
    };
    let text = text.get(skipped..).unwrap_or_default();
    let is_whole = bytes.len() - bom <= SAMPLE_BYTES;
    let delimiter = match options.delimiter.or(named) {
        Some(delimiter) => delimiter,
        None => match guess(text, options, is_whole, is_named_tsv(source))? {
            Some((delimiter, is_certain)) if is_certain || is_named_csv(source) => delimiter,
            // One column, or lines that disagree, are a table only where somebody says so.
            None if is_named_csv(source) => b',',
            _ => {
                return Err(Error::not_a_workbook("this is text, and no table is in it")
                    .with_hint("name it .csv, or give the delimiter, if it has a single column"));
            }
        },
    };
    let width = if encoding == UTF_16LE || encoding == UTF_16BE {
        2
    } else {
        1
    };
    Ok(Dialect {
        encoding,
        marks: options.marks(delimiter)?,
        start: (bom + skipped * width).min(bytes.len()),
    })
}

/// The encoding and the bytes of its mark. All bytes are looked at: a letter beyond ASCII may come late.
fn encoding(bytes: &[u8], label: Option<&str>) -> Result<(&'static Encoding, usize)> {
    let marked = Encoding::for_bom(bytes);
    let bom = marked.map_or(0, |(_, len)| len);
    if let Some(label) = label {
        let encoding = Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            Error::usage("usage/encoding", format!("there is no encoding {label:?}"))
                .with_hint("give a label such as utf-8, utf-16le, windows-1252 or shift_jis")
        })?;
        return Ok((encoding, bom));
    }
    if let Some((encoding, len)) = marked {
        return Ok((encoding, len));
    }
    if let Some(encoding) = wide(bytes) {
        return Ok((encoding, 0));
    }
    let Err(error) = std::str::from_utf8(bytes) else {
        return Ok((UTF_8, 0));
    };
    // Read as anything else, all its letters would be others.
    if is_meant_as_utf8(bytes, error) {
        return Err(not_utf8(bytes, 0, error));
    }
    // Letters of the old world: guessed from where they begin.
    let from = error.valid_up_to().saturating_sub(SAMPLE_BYTES / 2);
    let to = bytes.len().min(from + SAMPLE_BYTES);
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(&bytes[from..to], true);
    Ok((detector.guess(None, chardetng::Utf8Detection::Deny), 0))
}

/// True for UTF-8 with a fault: it has ten letters beyond ASCII for each byte that is wrong, or only its end was cut off within
/// a letter. The old encodings hardly ever spell one by chance.
fn is_meant_as_utf8(bytes: &[u8], error: Utf8Error) -> bool {
    const LETTERS_PER_FAULT: usize = 10;
    let (before, after) = bytes.split_at(error.valid_up_to());
    let mut letters = before.iter().filter(|byte| **byte >= 0xc0).count();
    if error.error_len().is_none() {
        return letters > 0;
    }
    let mut faults = 0;
    for chunk in after[..after.len().min(SAMPLE_BYTES)].utf8_chunks() {
        letters += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        faults += chunk.invalid().len();
    }
    letters >= faults * LETTERS_PER_FAULT
}

/// The first fault of `text`, which is not in UTF-8 and begins at `start` in the file.
pub(super) fn not_utf8(text: &[u8], start: usize, error: Utf8Error) -> Error {
    let at = error.valid_up_to();
    let message = match (error.error_len(), text.get(at)) {
        (Some(_), Some(byte)) => format!("the byte {byte:#04x} is not in utf-8 here"),
        _ => "the text ends within a character of utf-8: it was cut off".to_owned(),
    };
    Error::malformed(message)
        .at_byte((start + at) as u64)
        .with_hint(
            "save it as UTF-8 again, or give the encoding that it has, such as --encoding windows-1252",
        )
}

/// UTF-16 without a mark: every second byte of plain letters is zero.
fn wide(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = &bytes[..bytes.len().min(512) & !1];
    let zeros = |at: usize| {
        start
            .iter()
            .skip(at)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    match (zeros(0) * 4 > start.len(), zeros(1) * 4 > start.len()) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// The first records, decoded.
fn sample(bytes: &[u8], encoding: &'static Encoding) -> String {
    let bytes = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    match text {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

/// The delimiter that parts all records into the same number of fields, two at least; the more records agree the better. Says
/// whether so many agree that it cannot be anything but a table.
fn guess(
    text: &[u8],
    options: &CsvOptions,
    is_whole: bool,
    prefers_tab: bool,
) -> Result<Option<(u8, bool)>> {
    let mut best: Option<((u8, bool), f64)> = None;
    let is_decimal = has_decimal_commas(text);
    for delimiter in DELIMITERS {
        if delimiter == b',' && is_decimal {
            continue;
        }
        let counts = field_counts(text, options.marks(delimiter)?, is_whole);
        let mut sorted = counts.clone();
        sorted.sort_unstable();
        let most = sorted
            .chunk_by(|a, b| a == b)
            .filter(|same| same[0] > 1)
            .max_by_key(|same| same.len());
        let Some(same) = most else { continue };
        // Prose has commas too, but not the same number in each line.
        let agreement = same.len() as f64 / counts.len() as f64;
        let bonus = if prefers_tab && delimiter == b'\t' {
            0.5
        } else {
            0.0
        };
        let score = agreement + bonus + (same[0].min(100) as f64) / 1000.0;
        let is_certain = agreement >= 0.9 && counts.len() > 1;
        if agreement >= 0.3 && best.is_none_or(|(_, known)| score > known) {
            best = Some(((delimiter, is_certain), score));
        }
    }
    let alone = is_decimal.then_some((b';', false)); // a single column, in the dialect of such numbers
    Ok(best.map(|(guess, _)| guess).or(alone))
}

/// True for a column of numbers such as `1,50` below a header that is a single field: these commas part nothing.
fn has_decimal_commas(text: &[u8]) -> bool {
    let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    let lines = lines.map(<[u8]>::trim_ascii);
    let mut lines = lines.filter(|line| !line.is_empty()).take(SAMPLE_RECORDS);
    let has_comma = |line: &[u8]| line.contains(&b',');
    let is_number = |line: &[u8]| {
        let line = line.strip_prefix(b"-").unwrap_or(line);
        let comma = line.iter().position(|byte| *byte == b',');
        let (whole, fraction) = line.split_at(comma.unwrap_or(line.len()));
        let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
        whole.first().is_some_and(u8::is_ascii_digit)
            && whole.split(|byte| *byte == b'.').all(digits)
            && (comma.is_none() || fraction.len() > 1 && digits(&fraction[1..]))
    };
    let Some(header) = lines.next() else {
        return false;
    };
    let mut decimals = 0;
    !has_comma(header)
        && !is_number(header)
        && lines.all(|line| {
            decimals += usize::from(has_comma(line));
            is_number(line)
        })
        && decimals > 0
}

/// Fields of the first records that are not blank.
fn field_counts(text: &[u8], marks: Marks, is_whole: bool) -> Vec<usize> {
    let mut fields = Fields::new(marks);
    let (mut counts, mut at) = (Vec::new(), 0);
    while at < text.len() && counts.len() < SAMPLE_RECORDS {
        let (end, next) = match marks.record_end(text, at) {
            End::At(end, next) => (end, next),
            End::Open if is_whole || counts.is_empty() => (text.len(), text.len()),
            End::Open | End::InQuotes(_) => break,
        };
        if end > at {
            let mut count = 0;
            let _: Result<(), ()> = fields.visit(&text[at..end], |number, _| {
                count = number + 1;
                Ok(())
            });
            if count > 0 {
                counts.push(count); // a comment has no field
            }
        }
        at = next;
    }
    counts
}

fn extension(source: &Source) -> String {
    let name = source.name().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    extension.to_ascii_lowercase()
}

/// True when the file has the name of a text file with records.
pub(crate) fn is_named_csv(source: &Source) -> bool {
    matches!(&*extension(source), "csv" | "tsv" | "tab" | "txt" | "psv")
}

fn is_named_tsv(source: &Source) -> bool {
    matches!(&*extension(source), "tsv" | "tab")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn detected(bytes: &[u8]) -> Result<(&'static str, char, usize)> {
        let source = Source::from_bytes(bytes.to_vec(), &Limits::default())?;
        let dialect = detect(&source, &CsvOptions::default())?;
        let delimiter = char::from(dialect.marks.delimiter);
        Ok((dialect.encoding.name(), delimiter, dialect.start))
    }

    #[test]
    fn detects_encodings_and_delimiters() {
        let utf16 = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>()
        };
        for (bytes, expected) in [
            (b"a,b\n1,2\n".to_vec(), ("UTF-8", ',', 0)),
            (b"\xef\xbb\xbfa;b\n1,5;2\n".to_vec(), ("UTF-8", ';', 3)),
            (b"a\tb\n1\t2\n".to_vec(), ("UTF-8", '\t', 0)),
            (b"a|b\n1|2\n".to_vec(), ("UTF-8", '|', 0)),
            (b"sep=;\r\na;b\r\n".to_vec(), ("UTF-8", ';', 7)),
            (b"a,b\r\n\r\n1,\"2\n3\"\r\n".to_vec(), ("UTF-8", ',', 0)),
            (
                b"name;pr\xe9nom\nA;\xc9ric et Fran\xe7ois\n".to_vec(),
                ("windows-1252", ';', 0),
            ),
            (utf16("a,b\n1,2\n"), ("UTF-16LE", ',', 0)),
            (utf16("\u{feff}sep=;\na;b\n"), ("UTF-16LE", ';', 14)),
            (b"\"a,b\";c\n\"d\ne\";f\n".to_vec(), ("UTF-8", ';', 0)),
        ] {
            let found = detected(&bytes).unwrap();
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(&bytes));
        }
        let prose = b"Dear Sir,\nthank you, for the list, of items.\nYours\nA. N. Other\n";
        assert_eq!(detected(prose).unwrap_err().code(), "file/not-a-workbook");
    }
}
