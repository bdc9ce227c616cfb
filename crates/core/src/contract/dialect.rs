//! A Table Dialect (v2; the `csv` and `excel` objects of Frictionless 5 too): how a text file is written, and where the header
//! of any file is.

use super::{
    document::Data,
    keys,
    model::Contract,
    place::{Keys, Place},
    sheetlift::{header_rows, sheet_row},
};
use crate::{
    csv::CsvOptions,
    error::Result,
    header::{HeaderRow, SheetRef},
    reader::MergedCells,
};

/// Rows that may be left out.
const MAX_ROWS_OMITTED: usize = 1_000;

/// Reads a dialect into the parts of the contract that it concerns.
pub(super) fn read(place: &Place<'_>, contract: &mut Contract) -> Result<()> {
    let dialect = place.map()?;
    dialect.no_misspelling("a dialect", keys::DIALECT, &[])?;
    let locate = &mut contract.locate;
    if let Some(number) = dialect.read("sheetNumber", |place| place.count(1))? {
        locate.sheet = SheetRef::Index(number as usize - 1);
    }
    if let Some(name) = dialect.text("sheetName")? {
        locate.sheet = SheetRef::Name(name);
    }
    if let Some(rows) = dialect.read("commentRows", omitted_rows)? {
        locate.omit_rows = rows;
    }
    if let Some(rows) = dialect.get("headerRows") {
        let (header, between) = header_rows(&rows)?;
        locate.header = header;
        locate.omit_rows.extend(between);
    }
    locate.omit_rows.sort_unstable();
    locate.omit_rows.dedup();
    if dialect.read("header", Place::bool)? == Some(false) {
        locate.header = HeaderRow::None;
    }
    locate.header_join = dialect.text("headerJoin")?.filter(|join| join != " ");
    if let Some(excel) = dialect.get("excel") {
        let excel = excel.map()?;
        if let Some(sheet) = excel.get("sheet") {
            locate.sheet = sheet_ref(&sheet)?;
        }
        if excel.flag("fillMergedCells")? {
            locate.merged = MergedCells::All;
        }
    }
    read_text(&dialect, contract)?;
    match dialect.get("csv") {
        Some(csv) => read_text(&csv.map()?, contract),
        None => Ok(()),
    }
}

/// A sheet by its name, or by its place counted from 1.
pub(super) fn sheet_ref(place: &Place<'_>) -> Result<SheetRef> {
    Ok(match place.data() {
        Data::Number(_) => SheetRef::Index(place.count(1)? as usize - 1),
        _ => SheetRef::Name(place.non_empty_text()?.to_owned()),
    })
}

fn omitted_rows(place: &Place<'_>) -> Result<Vec<u32>> {
    let rows: Vec<u32> = place.list()?.iter().map(sheet_row).collect::<Result<_>>()?;
    if rows.len() > MAX_ROWS_OMITTED {
        return Err(place.error(format!("these are more than {MAX_ROWS_OMITTED} rows")));
    }
    Ok(rows)
}

/// What only a text file has.
fn read_text(dialect: &Keys<'_>, contract: &mut Contract) -> Result<()> {
    let csv: &mut CsvOptions = &mut contract.csv;
    csv.delimiter = dialect.read("delimiter", ascii)?.or(csv.delimiter);
    if let Some(quote) = dialect.get("quoteChar") {
        csv.no_quotes = quote.text()?.is_empty();
        csv.quote = match csv.no_quotes {
            true => None,
            false => Some(ascii(&quote)?).filter(|quote| *quote != b'"'),
        };
    }
    if dialect.read("doubleQuote", Place::bool)? == Some(false) {
        csv.double_quote = Some(false);
    }
    if let Some(escape) = dialect.get("escapeChar")
        && !escape.text()?.is_empty()
    {
        csv.escape = Some(ascii(&escape)?);
    }
    csv.skip_initial_space |= dialect.flag("skipInitialSpace")?;
    if let Some(comment) = dialect.get("commentChar")
        && !comment.text()?.is_empty()
    {
        let text = comment.text()?;
        if text.len() > 8 || text.contains(['\n', '\r']) {
            return Err(comment.expected("the one to eight characters that a comment starts with"));
        }
        csv.comment = Some(text.to_owned());
    }
    if let Some(end) = dialect.get("lineTerminator")
        && !["\r\n", "\n", "\r"].contains(&end.text()?)
    {
        return Err(end.expected("\"\\r\\n\", \"\\n\" or \"\\r\", which are all read"));
    }
    if let Some(null) = dialect.text("nullSequence")? {
        let fields = contract.fields.iter_mut();
        let own = fields.filter_map(|field| field.missing_values.as_mut());
        for values in own.chain([&mut contract.missing_values]) {
            if !values.contains(&null) {
                values.push(null.clone());
            }
        }
    }
    let marks = [
        ("delimiter", csv.delimiter),
        ("quoteChar", csv.quote),
        ("escapeChar", csv.escape),
    ];
    for (at, (name, mark)) in marks.iter().enumerate() {
        if let Some((other, _)) = marks[..at]
            .iter()
            .find(|(_, other)| mark.is_some() && other == mark)
        {
            let place = dialect.get(name).unwrap_or_else(|| dialect.place().clone());
            return Err(place.error(format!("`{name}` and `{other}` are the same")));
        }
    }
    Ok(())
}

/// One ASCII character that is no line end.
pub(super) fn ascii(place: &Place<'_>) -> Result<u8> {
    match place.text()?.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
        _ => Err(place.expected("one ASCII character")),
    }
}

/// The encoding of a resource.
pub(super) fn encoding(place: &Place<'_>) -> Result<String> {
    // Python has names of its own: `utf_8`, and `utf-8-sig` for a byte order mark, which is looked for anyway.
    let label = place.text()?.to_ascii_lowercase().replace("utf_", "utf-");
    let label = label.strip_suffix("-sig").unwrap_or(&label);
    match encoding_rs::Encoding::for_label(label.as_bytes()) {
        Some(_) => Ok(label.to_owned()),
        None => Err(place
            .expected("an encoding")
            .with_hint("such as utf-8, utf-16le, windows-1252 or shift_jis")),
    }
}
