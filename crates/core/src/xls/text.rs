//! Texts of records: in a code page up to Excel 95, UTF-16 with its high bytes left out where they are zero since Excel 97.

use encoding_rs::Encoding;

use super::records::{Fields, Records};
use crate::{
    column::{StringTable, strings::make_view},
    error::{Error, Result},
    limits::{Budget, Limits, check},
};

/// How texts are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum TextEncoding {
    /// Since Excel 97.
    Unicode,
    /// Up to Excel 95: bytes of a code page, by its number.
    CodePage(u16),
}

impl TextEncoding {
    /// A text behind its length of two bytes, which may run on into records of continuation.
    pub(super) fn read_long<'a>(
        self,
        data: Fields<'a>,
        records: &mut Records<'a>,
        limits: &Limits,
    ) -> Result<String> {
        let mut segments = Segments {
            data,
            records: records.clone(),
        };
        let len = usize::from(segments.data.u16()?);
        let text = match self {
            TextEncoding::Unicode => {
                let mut text = String::new();
                let wide = segments.data.u8()? & 1 != 0;
                segments.chars(&mut text, len, wide, limits)?;
                text
            }
            TextEncoding::CodePage(page) => {
                let mut bytes = Vec::new();
                while bytes.len() < len && segments.has_more()? {
                    let here = (len - bytes.len()).min(segments.data.0.len());
                    bytes.extend_from_slice(segments.data.take(here)?);
                }
                decode(&bytes, page)?
            }
        };
        *records = segments.records;
        Ok(text)
    }

    /// The code of a number format. Some writers count one letter too many.
    pub(super) fn read_format(self, data: &mut Fields<'_>) -> Result<String> {
        match self {
            TextEncoding::Unicode => {
                let (len, flags) = (usize::from(data.u16()?), data.u8()?);
                let wide = flags & 1 != 0;
                let len = (len << usize::from(wide)).min(data.0.len());
                let mut text = String::new();
                push_chars(&mut text, data.take(len)?, wide);
                Ok(text)
            }
            TextEncoding::CodePage(page) => {
                let len = usize::from(data.u8()?).min(data.0.len());
                decode(data.take(len)?, page)
            }
        }
    }

    /// A text behind its length of one byte.
    pub(super) fn read_short(self, data: &mut Fields<'_>) -> Result<String> {
        let len = usize::from(data.u8()?);
        match self {
            TextEncoding::Unicode => {
                let wide = data.u8()? & 1 != 0;
                let mut text = String::new();
                let bytes = data.take(len << usize::from(wide))?;
                push_chars(&mut text, bytes, wide);
                Ok(text)
            }
            TextEncoding::CodePage(page) => decode(data.take(len)?, page),
        }
    }
}

/// Characters of two bytes, or their low bytes alone.
pub(super) fn push_chars(text: &mut String, bytes: &[u8], wide: bool) {
    if wide {
        let units = bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|pair| u16::from_le_bytes(*pair));
        let chars = char::decode_utf16(units);
        text.extend(chars.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    } else {
        text.extend(bytes.iter().map(|byte| char::from(*byte)));
    }
}

fn decode(bytes: &[u8], page: u16) -> Result<String> {
    if bytes.is_ascii() {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    let encoding: Option<&'static Encoding> = match page {
        0x8000 => Some(encoding_rs::MACINTOSH),
        0x8001 | 0 => Some(encoding_rs::WINDOWS_1252),
        page => codepage::to_encoding(page),
    };
    let Some(encoding) = encoding else {
        return Err(Error::unsupported(format!(
            "the texts are in code page {page}, which is not read"
        ))
        .with_hint("save the file as .xlsx in a spreadsheet program"));
    };
    Ok(encoding.decode_without_bom_handling(bytes).0.into_owned())
}

/// The shared strings ([MS-XLS] 2.4.265), whose record starts at `at`; texts run on into records of continuation.
pub(super) fn read_table(stream: &[u8], at: Option<usize>, budget: &Budget) -> Result<StringTable> {
    let mut table = StringTable::default();
    let Some(at) = at else {
        return Ok(table);
    };
    let limits = &budget.limits;
    let mut records = Records::new(stream, at);
    let Some(first) = records.next()? else {
        return Ok(table);
    };
    let mut segments = Segments {
        data: first.data,
        records,
    };
    let _references = segments.data.u32()?;
    let count = segments.data.u32()?;
    let (mut text, mut views) = (Vec::new(), Vec::new());
    let mut string = String::new();
    for number in 0..count {
        if !segments.has_more()? {
            break; // some writers count too many
        }
        if number % 4096 == 0 {
            budget.cancel().check()?;
        }
        string.clear();
        read_shared(&mut segments, &mut string, limits)?;
        let offset = u32::try_from(text.len())
            .map_err(|_| Error::unsupported("more than 4 GiB of shared strings"))?;
        views.push(make_view(string.as_bytes(), 0, offset));
        if string.len() > 12 {
            text.extend_from_slice(string.as_bytes());
        }
        let size = (text.len() + 16 * views.len()) as u64;
        check(
            "max_shared_string_bytes",
            limits.max_shared_string_bytes,
            size,
        )?;
        limits.check_held(size)?;
    }
    text.shrink_to_fit();
    table.push_block(text, &views);
    Ok(table)
}

/// A record and those that continue it.
struct Segments<'a> {
    data: Fields<'a>,
    records: Records<'a>,
}

const CONTINUE: u16 = 0x3c;

impl<'a> Segments<'a> {
    /// Goes on to the next record where this one is used up; false at the end.
    fn has_more(&mut self) -> Result<bool> {
        while self.data.0.is_empty() {
            if self.records.peek() != Some(CONTINUE) {
                return Ok(false);
            }
            match self.records.next()? {
                Some(record) => self.data = record.data,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Characters that may lie in several records, each of which says anew how wide they are.
    fn chars(
        &mut self,
        text: &mut String,
        mut left: usize,
        mut wide: bool,
        limits: &Limits,
    ) -> Result<()> {
        while left > 0 {
            if self.data.0.is_empty() {
                if !self.has_more()? {
                    return Err(Error::malformed("a text is cut short"));
                }
                wide = self.data.u8()? & 1 != 0;
                continue;
            }
            let here = left.min(self.data.0.len() >> usize::from(wide));
            if here == 0 {
                return Err(Error::malformed("a text is cut within a character"));
            }
            push_chars(text, self.data.take(here << usize::from(wide))?, wide);
            left -= here;
            check("max_cell_bytes", limits.max_cell_bytes, text.len() as u64)?;
        }
        Ok(())
    }

    /// Bytes that may lie in several records.
    fn skip(&mut self, mut len: usize) -> Result<()> {
        while len > 0 {
            if !self.has_more()? {
                return Err(Error::malformed("a shared string is cut short"));
            }
            let here = len.min(self.data.0.len());
            self.data.take(here)?;
            len -= here;
        }
        Ok(())
    }
}

/// One shared string ([MS-XLS] 2.5.293): its characters may be cut between records, and say anew how wide they are.
fn read_shared(segments: &mut Segments<'_>, text: &mut String, limits: &Limits) -> Result<()> {
    let left = usize::from(segments.data.u16()?);
    let flags = segments.data.u8()?;
    let wide = flags & 1 != 0;
    let runs = if flags & 8 != 0 {
        usize::from(segments.data.u16()?)
    } else {
        0
    };
    let phonetic = if flags & 4 != 0 {
        segments.data.u32()? as usize
    } else {
        0
    };
    segments.chars(text, left, wide, limits)?;
    segments.skip(4 * runs)?;
    segments.skip(phonetic)
}
