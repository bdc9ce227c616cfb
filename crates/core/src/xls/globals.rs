//! The globals of a workbook: sheets, formats, date system, where the shared strings are ([MS-XLS] 2.1.7.20.3).

use super::{
    names,
    records::{Record, Records},
    text::TextEncoding,
};
use crate::{
    book::{CellFormats, DefinedName, NameTable, Places, SheetInfo, SheetKind, Visibility},
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

/// The error for a stream that ends before the record that ends a sheet, or the globals.
pub(super) fn ended_early(records: &Records<'_>) -> Error {
    let error = Error::malformed("the stream ends before its last record: rows may be missing");
    error.in_part("Workbook").at_byte(records.position() as u64)
}

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
        let mut names = NameTable::default();
        loop {
            let mut record = records.next()?.ok_or_else(|| ended_early(&records))?;
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

    fn take(
        &mut self,
        record: &mut Record<'_>,
        table: &mut NameTable,
        limits: &Limits,
    ) -> Result<()> {
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
            names::BOOK | names::LINKS | names::NAME
                if matches!(self.text, TextEncoding::Unicode) =>
            {
                // A name that is not understood is no name.
                let _ = names::take(table, record.id, data);
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
        self.places
            .take(&self.sheets, &sheet, Some(offset), limits)?;
        self.sheets.push(sheet);
        self.offsets.push(offset);
        Ok(())
    }
}
