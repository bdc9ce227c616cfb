//! What a document has: its tables, named ranges and database ranges.

use std::collections::HashSet;

use super::{
    CONTENT,
    tables::{Marks, holds_other_tables, is_external},
    tokens,
};
use crate::{
    a1::quote_sheet,
    book::{DefinedName, Lines, SheetInfo, SheetKind, TableInfo, Visibility},
    error::{Error, Result},
    limits::check,
    xlsx::Package,
    xml::{Tag, Token},
};

/// Found by one look at the content.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) sheets: Vec<SheetInfo>,
    /// For each sheet.
    pub(super) hidden_columns: Vec<Lines>,
    /// For each sheet, the tables that stand before it.
    pub(super) tables_before: Vec<usize>,
    pub(super) marks: Marks,
    pub(super) names: Vec<DefinedName>,
    pub(super) tables: Vec<TableInfo>,
}

impl Listing {
    pub(super) fn read(package: &Package) -> Result<Self> {
        let most = package.budget().limits.max_entries;
        let mut listing = Listing::default();
        let mut hidden_styles: HashSet<String> = HashSet::new();
        let mut style = String::new();
        // How deep the table is that is being looked at, and the column that comes next in it.
        let (mut table, mut column) = (None, 0);
        let (mut tables, mut is_spreadsheet) = (0, false);
        let mut tokens = tokens::open(package, CONTENT)?;
        loop {
            let depth = tokens.depth();
            if table.is_some_and(|table| depth < table) {
                table = None;
                listing.marks.offer(tables, &tokens);
            }
            let tag = match tokens.step()? {
                Some(Token::Open(tag)) => tag,
                Some(Token::End) if depth > 0 => return Err(tokens.ended_early()),
                Some(Token::End) if is_spreadsheet => return Ok(listing),
                Some(Token::End) => {
                    let error = Error::not_a_workbook("there is no spreadsheet in the document");
                    return Err(error.in_part(CONTENT));
                }
                _ => continue,
            };
            match tag.name() {
                "spreadsheet" => is_spreadsheet = true,
                "style" => style = tag.any_attribute("name")?.unwrap_or_default(),
                "table-properties" if tag.any_attribute("display")?.as_deref() == Some("false") => {
                    hidden_styles.insert(style.clone());
                }
                "table" if table.is_none() => {
                    let style = tag.any_attribute("style-name")?.unwrap_or_default();
                    let name = tag.any_attribute("name")?.unwrap_or_default();
                    tables += 1;
                    check("max_entries", most, tables as u64)?;
                    if is_external(&name) {
                        tokens.skip_element()?;
                        continue;
                    }
                    listing.push_sheet(name, hidden_styles.contains(&style), tables - 1);
                    (table, column) = (Some(depth + 1), 0);
                }
                "table-column" if table.is_some() => {
                    let repeated = count(&tag, "number-columns-repeated")?;
                    let end = u32::saturating_add(column, repeated);
                    if is_hidden(&tag)?
                        && let Some(hidden) = listing.hidden_columns.last_mut()
                    {
                        hidden.push(column..=end - 1);
                    }
                    column = end;
                }
                "table-row" | "shapes" | "forms" if table.is_some() => tokens.skip_element()?,
                name if holds_other_tables(name) => tokens.skip_element()?,
                "named-range" => {
                    let name = tag.any_attribute("name")?.unwrap_or_default();
                    let range = tag.any_attribute("cell-range-address")?.unwrap_or_default();
                    let sheet = table.and(listing.sheets.last().map(|sheet| sheet.name.clone()));
                    if let Some(refers_to) = excel_reference(&range) {
                        listing.names.push(DefinedName {
                            name,
                            refers_to,
                            sheet,
                        });
                    }
                }
                "database-range" => {
                    let name = tag.any_attribute("name")?.unwrap_or_default();
                    let range = tag.any_attribute("target-range-address")?;
                    let header = tag.any_attribute("contains-header")?.as_deref() != Some("false");
                    let range = range.as_deref().and_then(split_reference);
                    // Filters without a name are kept under one that nobody gave.
                    if let Some((sheet, range)) = range.filter(|_| !name.starts_with("__")) {
                        listing.tables.push(TableInfo {
                            name,
                            sheet,
                            range,
                            header_rows: u32::from(header),
                            totals_rows: 0,
                        });
                    }
                }
                _ => {}
            }
        }
    }

    fn push_sheet(&mut self, name: String, hidden: bool, tables_before: usize) {
        self.sheets.push(SheetInfo {
            name,
            visibility: match hidden {
                true => Visibility::Hidden,
                false => Visibility::Visible,
            },
            kind: SheetKind::Worksheet,
        });
        self.hidden_columns.push(Lines::default());
        self.tables_before.push(tables_before);
    }
}

/// How often something is repeated: once, unless it says otherwise.
pub(super) fn count(tag: &Tag<'_>, name: &str) -> Result<u32> {
    let Some(count) = tag.any_attribute(name)? else {
        return Ok(1);
    };
    let digits = count.trim().trim_start_matches('+');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let count: String = count.chars().take(40).collect();
        return Err(Error::malformed(format!("{name} is {count:?}, no count")));
    }
    Ok(digits.parse().unwrap_or(u32::MAX).max(1)) // too long to be parsed: too many
}

/// Hidden by hand or by a filter.
pub(super) fn is_hidden(tag: &Tag<'_>) -> Result<bool> {
    let visibility = tag.any_attribute("visibility")?;
    Ok(matches!(visibility.as_deref(), Some("collapse" | "filter")))
}

/// `$Items.$A$1:.$F$100` as `Items!A1:F100`.
fn excel_reference(reference: &str) -> Option<String> {
    let (sheet, range) = split_reference(reference)?;
    Some(format!("{}!{range}", quote_sheet(&sheet)))
}

/// Sheet and range of a reference.
fn split_reference(reference: &str) -> Option<(String, String)> {
    let (first, last) = match split_outside_quotes(reference, ':') {
        Some((first, last)) => (first, Some(last)),
        None => (reference, None),
    };
    let cell = |reference: &str| -> Option<(String, String)> {
        let at = split_outside_quotes(reference, '.')?;
        let sheet = at.0.trim_start_matches('$');
        let quoted = sheet
            .strip_prefix('\'')
            .and_then(|sheet| sheet.strip_suffix('\''));
        let sheet = quoted.map_or_else(|| sheet.to_owned(), |sheet| sheet.replace("''", "'"));
        Some((sheet, at.1.replace('$', "")))
    };
    let (sheet, first) = cell(first)?;
    match last {
        Some(last) => Some((sheet, format!("{first}:{}", cell(last)?.1))),
        None => Some((sheet, first)),
    }
}

fn split_outside_quotes(text: &str, mark: char) -> Option<(&str, &str)> {
    let mut quoted = false;
    let at = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '\'';
        *c == mark && !quoted
    })?;
    Some((&text[..at.0], &text[at.0 + mark.len_utf8()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_references() {
        let read = |text| excel_reference(text);
        assert_eq!(read("$Items.$A$1:.$F$100").unwrap(), "Items!A1:F100");
        assert_eq!(read("Items.A1:Items.F100").unwrap(), "Items!A1:F100");
        assert_eq!(read("$'It''s a.b'.$A$1").unwrap(), "'It''s a.b'!A1");
        assert_eq!(read("of:=SUM(1)"), None);
    }
}
