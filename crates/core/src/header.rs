//! The header of a table: which sheet columns are read, and what they are called.

use std::{collections::HashMap, sync::Arc};

use crate::a1;

/// Which sheet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SheetRef {
    /// The first visible worksheet.
    #[default]
    First,
    /// The worksheet with this name (compared without case when no name is equal).
    Name(String),
    /// The worksheet at this zero-based place among all sheets.
    Index(usize),
}

impl From<&str> for SheetRef {
    fn from(name: &str) -> Self {
        SheetRef::Name(name.to_owned())
    }
}

impl From<usize> for SheetRef {
    fn from(index: usize) -> Self {
        SheetRef::Index(index)
    }
}

/// Sheets that one table can be on ([`Sheets`](crate::Sheets)).
pub const MAX_SHEETS_OF_A_TABLE: usize = 4096;

/// Where the names of the columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderRow {
    /// In the first row (of the range) that has a value.
    #[default]
    First,
    /// In this zero-based sheet row.
    At(u32),
    /// In these zero-based sheet rows, the labels of each column joined. A label holds for the columns to its right too, up
    /// to the next one in its row, unless that is the last row.
    Rows {
        /// The upper one.
        first: u32,
        /// The one above the data.
        last: u32,
    },
    /// Nowhere: columns are called `column_A`, `column_B`, ...
    None,
}

/// Label of the column in which rejected rows come back to their author with the reason. Where a table has it, it is passed over:
/// no field is found in it, and it makes no row a row.
pub const REASON_LABEL: &str = "sheetlift: reason";

/// The columns of a table, as its header row names them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Header {
    /// Sheet name.
    pub sheet: Arc<str>,
    /// Zero-based sheet row of the header, the last one of several; `None` when the table has none.
    pub row: Option<u32>,
    /// Columns in sheet order.
    pub columns: Vec<HeaderColumn>,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderColumn {
    /// Zero-based sheet column.
    pub index: u32,
    /// Text of the header cell, `None` when it is blank or there is no header row.
    pub label: Option<Arc<str>>,
    /// Unique name: the label, `column_C` without one, `price_2` for the second `price`.
    pub name: Arc<str>,
}

impl Header {
    /// Names columns from the labels of the header row.
    pub(crate) fn new(
        sheet: Arc<str>,
        row: Option<u32>,
        labels: Vec<(u32, Option<String>)>,
    ) -> Self {
        let mut taken = Taken::default();
        let columns = labels
            .into_iter()
            .map(|(index, label)| {
                let label = label.filter(|label| !label.trim().is_empty());
                let wanted = label
                    .clone()
                    .unwrap_or_else(|| format!("column_{}", a1::column_name(index)));
                let name = taken.unique(wanted);
                HeaderColumn {
                    index,
                    label: label.map(Arc::from),
                    name: Arc::from(name),
                }
            })
            .collect();
        Header {
            sheet,
            row,
            columns,
        }
    }

    /// Number of sheet columns up to the last one with a label; without a header row all columns count.
    pub fn width(&self) -> u32 {
        let mut labelled = self.columns.iter().rev();
        let last = labelled.find(|column| column.label.is_some() || self.row.is_none());
        last.map_or(0, |column| column.index + 1)
    }
}

/// Names that are taken, each with the number that was last put behind it: sixteen thousand columns of one name are not tried
/// one after the other.
#[derive(Default)]
struct Taken(HashMap<String, u32>);

impl Taken {
    /// The name, with the next number behind it where it is taken.
    fn unique(&mut self, wanted: String) -> String {
        let Some(last) = self.0.get(&wanted) else {
            self.0.insert(wanted.clone(), 1);
            return wanted;
        };
        let mut number = *last + 1;
        let mut name = format!("{wanted}_{number}");
        while self.0.contains_key(&name) {
            number += 1;
            name = format!("{wanted}_{number}");
        }
        self.0.insert(wanted, number);
        self.0.insert(name.clone(), 1);
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let labels = ["price", "", "price", "price_2"].map(|label| Some(label.to_owned()));
        let header = Header::new("Items".into(), Some(0), (0..).zip(labels).collect());
        let names: Vec<&str> = header.columns.iter().map(|column| &*column.name).collect();
        assert_eq!(names, ["price", "column_B", "price_2", "price_2_2"]);
        assert_eq!(header.columns[1].label, None);
    }
}
