//! The globals of a workbook: sheets, formats, date system, where the shared strings are ([MS-XLS] 2.1.7.20.3).

use super::{
    records::{Fields, Record, Records},
    text::TextEncoding,
};
use crate::{
    a1::{cell_name, quote_sheet},
    book::{CellFormats, DefinedName, Places, SheetInfo, SheetKind, Visibility},
    column::DateSystem,
    error::{Error, Result},
    limits::Limits,
};

/// What is known of a workbook before its sheets are read.
#[derive(Debug)]
pub(super) struct Globals {
    pub(super) sheets: Vec<SheetInfo>,
    /// Where each sheet starts in the stream.
    pub(super) offsets: Vec<usize>,
    places: Places<usize>,
    pub(super) names: Vec<DefinedName>,
    pub(super) formats: CellFormats,
    pub(super) dates: DateSystem,
    pub(super) text: TextEncoding,
    /// Place of the record of shared strings.
    pub(super) strings: Option<usize>,
}

pub(super) const BOF: u16 = 0x0809;
pub(super) const EOF: u16 = 0x000a;

impl Globals {
    pub(super) fn read(stream: &[u8], limits: &Limits) -> Result<Self> {
        let mut records = Records::new(stream, 0);
        let not_one = || Error::malformed("the stream does not begin as a workbook does");
        let mut first = records
            .next()?
            .filter(|first| first.id == BOF)
            .ok_or_else(not_one)?;
        let (version, kind) = (first.data.u16()?, first.data.u16()?);
        let mut globals = Globals {
            sheets: Vec::new(),
            offsets: Vec::new(),
            places: Places::new(),
            names: Vec::new(),
            formats: CellFormats::default(),
            dates: DateSystem::Y1900,
            text: match version {
                0x0600.. => TextEncoding::Unicode,
                _ => TextEncoding::CodePage(1252),
            },
            strings: None,
        };
        if matches!(kind, 0x0010 | 0x1000) {
            // A single sheet without globals; the second is how a library of today writes them.
            globals.push_sheet("Sheet1".to_owned(), 0, 0, 0, limits)?;
        }
        let mut names = Names::default();
        while let Some(mut record) = records.next()? {
            if record.id == EOF {
                break;
            }
            let at = record.at as u64;
            globals
                .take(&mut record, &mut names, limits)
                .map_err(|error| error.at_byte(at))?;
        }
        if globals.sheets.is_empty() {
            return Err(Error::malformed("the workbook has no sheets"));
        }
        globals.names = names.resolve(&globals.sheets);
        Ok(globals)
    }

    fn take(&mut self, record: &mut Record<'_>, names: &mut Names, limits: &Limits) -> Result<()> {
        let data = &mut record.data;
        match record.id {
            0x0042 => {
                if let TextEncoding::CodePage(page) = &mut self.text {
                    *page = data.u16()?;
                }
            }
            0x0022 if data.u16()? == 1 => self.dates = DateSystem::Y1904,
            0x041e => {
                let id = u32::from(data.u16()?);
                self.formats.define(id, &self.text.read_format(data)?)?;
            }
            0x00e0 => {
                data.u16()?; // its font
                self.formats.push(u32::from(data.u16()?));
            }
            0x0085 => {
                let (offset, state, kind) = (data.u32()?, data.u8()?, data.u8()?);
                let name = self.text.read_short(data)?;
                self.push_sheet(name, offset as usize, state, kind, limits)?;
            }
            0x00fc if self.strings.is_none() => self.strings = Some(record.at - 4),
            // Names and what they refer to are only understood since Excel 97.
            0x0017 | 0x0018 | 0x01ae if matches!(self.text, TextEncoding::Unicode) => {
                // A name that is not understood is no name.
                let _ = names.take(record.id, data);
            }
            _ => {}
        }
        Ok(())
    }

    fn push_sheet(
        &mut self,
        name: String,
        offset: usize,
        state: u8,
        kind: u8,
        limits: &Limits,
    ) -> Result<()> {
        let sheet = SheetInfo {
            name,
            visibility: match state & 3 {
                0 => Visibility::Visible,
                1 => Visibility::Hidden,
                _ => Visibility::VeryHidden,
            },
            kind: match kind {
                0 => SheetKind::Worksheet,
                2 => SheetKind::Chart,
                _ => SheetKind::Other,
            },
        };
        self.places.take(&self.sheets, &sheet, offset, limits)?;
        self.sheets.push(sheet);
        self.offsets.push(offset);
        Ok(())
    }
}

/// Defined names that stand for one range ([MS-XLS] 2.4.150), and the sheets their formulas speak of (2.4.105).
#[derive(Default)]
struct Names {
    /// Name, sheet it is local to, index of the sheet of its range, rows and columns.
    names: Vec<(String, u16, u16, [u16; 4])>,
    /// For each index the workbook and the first sheet.
    sheets: Vec<(u16, u16)>,
    /// Workbooks; the one that is this one.
    books: u16,
    this_book: Option<u16>,
}

impl Names {
    fn take(&mut self, id: u16, data: &mut Fields<'_>) -> Result<()> {
        match id {
            0x01ae => {
                data.u16()?;
                if data.0.len() == 2 && data.u16()? == 0x0401 {
                    self.this_book = Some(self.books);
                }
                self.books += 1;
            }
            0x0017 => {
                let count = data.u16()?;
                for _ in 0..count {
                    let (book, first, _last) = (data.u16()?, data.u16()?, data.u16()?);
                    self.sheets.push((book, first));
                }
            }
            _ => {
                let flags = data.u16()?;
                data.u8()?; // its shortcut key
                let (len, formula) = (usize::from(data.u8()?), usize::from(data.u16()?));
                data.u16()?;
                let sheet = data.u16()?;
                data.take(4)?;
                let wide = usize::from(data.u8()? & 1);
                let mut name = Fields(data.take(len << wide)?);
                let is_hidden_or_builtin = flags & 0x21 != 0;
                let mut formula = Fields(data.take(formula)?);
                // A range or a cell of one sheet, and nothing else.
                let (index, range) = match (formula.u8()?, formula.0.len()) {
                    (0x3b | 0x5b | 0x7b, 10) => {
                        let index = formula.u16()?;
                        let [top, bottom] = [formula.u16()?, formula.u16()?];
                        (index, [top, bottom, formula.u16()?, formula.u16()?])
                    }
                    (0x3a | 0x5a | 0x7a, 6) => {
                        let (index, row, column) = (formula.u16()?, formula.u16()?, formula.u16()?);
                        (index, [row, row, column, column])
                    }
                    _ => return Ok(()),
                };
                if !is_hidden_or_builtin {
                    let mut text = String::new();
                    super::text::push_chars(&mut text, name.take(len << wide)?, wide != 0);
                    self.names.push((text, sheet, index, range));
                }
            }
        }
        Ok(())
    }

    fn resolve(self, sheets: &[SheetInfo]) -> Vec<DefinedName> {
        let name = |(name, local, index, range): (String, u16, u16, [u16; 4])| {
            let (book, first) = *self.sheets.get(usize::from(index))?;
            if self.this_book != Some(book) {
                return None;
            }
            let sheet = sheets.get(usize::from(first))?;
            // The upper bits say what is relative.
            let [top, bottom, left, right] = range.map(u32::from);
            let (first, last) = (cell_name(top, left & 0xff), cell_name(bottom, right & 0xff));
            Some(DefinedName {
                name,
                refers_to: format!("{}!{first}:{last}", quote_sheet(&sheet.name)),
                sheet: usize::from(local)
                    .checked_sub(1)
                    .and_then(|local| Some(sheets.get(local)?.name.clone())),
            })
        };
        self.names.into_iter().filter_map(name).collect()
    }
}
