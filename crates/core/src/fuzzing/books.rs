//! What holds of every workbook, of whatever format, through the public face.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use super::{limits, sound};
use crate::{
    a1::column_name,
    column::Cell,
    error::Result,
    header::{HeaderRow, SheetRef},
    limits::Limits,
    reader::{OpenOptions, ReadOptions, RowReader, Table, Workbook},
    source::Source,
};

const MAX_SHEETS: usize = 4;

/// A file, and the name it goes by.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: &'a [u8],
}

impl File<'_> {
    /// What is inflated adds up, so each read opens the file anew.
    fn open(self, limits: Limits) -> Result<Workbook> {
        let source = Source::from_bytes(self.bytes.to_vec(), &limits)?.with_name(self.name);
        Workbook::open(source, OpenOptions::default().with_limits(limits))
    }
}

/// Every sheet has the same rows with one thread and with three, in small batches and in large ones, held and as they come,
/// all of them and the first ones; or an error.
pub(super) fn check(file: File<'_>) {
    let Some(workbook) = sound(file.open(limits())) else {
        return;
    };
    sound(workbook.tables());
    // Nothing is said of what is read within tighter limits but that it ends.
    let tight = Limits {
        max_rows: 5,
        max_cells: 20,
        max_total_inflated_bytes: 4000,
        max_xml_depth: 5,
        ..limits()
    };
    sound(
        file.open(tight)
            .and_then(|workbook| workbook.read(&ReadOptions::default())),
    );
    for (index, sheet) in workbook.sheets().iter().enumerate().take(MAX_SHEETS) {
        if let Some(found) = sound(workbook.sheet(&SheetRef::Name(sheet.name.clone()))) {
            assert_eq!(found.name, sheet.name);
        }
        sound(workbook.declared_dimension(&SheetRef::Index(index)));
        let options = ReadOptions::default().with_sheet(index).with_threads(1);
        sound(
            file.open(limits())
                .and_then(|workbook| workbook.cells(&options, &mut |_| Ok(()))),
        );
        sound(
            file.open(limits())
                .and_then(|workbook| workbook.comments(&SheetRef::Index(index), 0..=3)),
        );
        compare_tables(file, &options);
        compare_rows(file, index);
    }
}

fn compare_tables(file: File<'_>, options: &ReadOptions) {
    let read = |options: &ReadOptions| file.open(limits()).and_then(|book| book.read(options));
    let one = read(options);
    let three = read(&options.clone().with_threads(3));
    let small = read(&options.clone().with_batch_rows(3));
    match (&one, &three) {
        (Ok(one), Ok(three)) => {
            assert_eq!(one.schema, three.schema);
            assert!(
                one.batches == three.batches,
                "three threads read other rows"
            );
        }
        (Err(one), Err(three)) => assert_eq!(one.code(), three.code(), "{one}\n{three}"),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => panic!("with one thread or three: {error}"),
    }
    match (&one, &small) {
        (Ok(one), Ok(small)) => assert_eq!(whole(one), whole(small)),
        (Err(one), Err(small)) => assert_eq!(one.code(), small.code(), "{one}\n{small}"),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => panic!("in large batches or small: {error}"),
    }
    sound(one);
}

fn whole(table: &Table) -> RecordBatch {
    concat_batches(&table.schema, &table.batches).expect("batches of one schema")
}

/// Number of the row, and its cells by sheet column, nulls left out.
type Row = (u32, Vec<(u32, String)>);

fn compare_rows(file: File<'_>, sheet: usize) {
    let read = |options: &ReadOptions| {
        let mut rows = file.open(limits())?.rows(options)?;
        rows.hold()?;
        let columns: Vec<u32> = rows.header().columns.iter().map(|c| c.index).collect();
        Ok((all_rows(&mut rows)?, columns))
    };
    let live = |options: &ReadOptions| all_rows(&mut file.open(limits())?.rows(options)?);

    // Without names every column can be asked for by its letters.
    let bare = ReadOptions::default()
        .with_sheet(sheet)
        .with_header(HeaderRow::None);
    let bare = bare.with_blank_rows(false).with_batch_rows(4);
    let Some((held, columns)) = sound(read(&bare)) else {
        return;
    };
    let letters = columns.into_iter().map(column_name);
    let came = live(&bare.clone().with_columns(letters));
    let Some(came) = in_order(came) else {
        return;
    };
    assert_eq!(came, held, "as they come, then held");
    let first = sound(read(&bare.with_limit(3))).map(|(rows, _)| rows);
    assert_eq!(
        first.as_deref(),
        held.get(..held.len().min(3)),
        "the first rows"
    );

    let named = ReadOptions::default().with_sheet(sheet).with_batch_rows(2);
    let Some((held, _)) = sound(read(&named)) else {
        return;
    };
    let first = sound(read(&named.clone().with_limit(3))).map(|(rows, _)| rows);
    assert_eq!(
        first.as_deref(),
        held.get(..held.len().min(3)),
        "the first named rows"
    );
    // As they come, columns without a name are left out.
    let labels = sound(file.open(limits()).and_then(|book| book.rows(&named)));
    let labels = labels.expect("it was read before").header().columns.clone();
    let came = sound(live(&named)).expect("rows that came in order without names");
    let labelled = |rows: Vec<Row>| -> Vec<Row> {
        let keep = |column: u32| labels.iter().any(|label| label.index == column);
        let rows = rows.into_iter().map(|(row, mut cells)| {
            cells.retain(|(column, _)| keep(*column));
            (row, cells)
        });
        rows.filter(|(_, cells)| !cells.is_empty()).collect()
    };
    assert_eq!(
        labelled(came),
        labelled(held),
        "named, as they come, then held"
    );
}

/// The rows, unless they can only be read all at once.
fn in_order(rows: Result<Vec<Row>>) -> Option<Vec<Row>> {
    match rows {
        Err(error) if error.is_out_of_order() => None,
        rows => Some(rows.expect("rows that were read before")),
    }
}

fn all_rows(rows: &mut RowReader) -> Result<Vec<Row>> {
    let columns: Vec<u32> = rows.header().columns.iter().map(|c| c.index).collect();
    let mut all = Vec::new();
    while let Some(window) = rows.next_window()? {
        let start = all.len();
        all.extend(
            window
                .row_numbers()
                .into_iter()
                .map(|row| (row, Vec::new())),
        );
        for (at, &column) in columns.iter().enumerate() {
            window.column(at).for_each(|row, cell| {
                if cell != Cell::Null {
                    all[start + row].1.push((column, format!("{cell:?}")));
                }
            });
        }
    }
    Ok(all)
}
