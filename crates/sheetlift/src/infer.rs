//! A contract proposed from a table that is good.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, cast::AsArray};
use rayon::prelude::*;
use sheetlift_core::{
    Cell, ColumnFacts, ColumnKind, Contract, Header, HeaderRow, InferOptions, ReadOptions, Repair,
    SheetRef, TableFacts, TextRepr, Window, Workbook, build_column,
};

use crate::{
    error::{Error, Result},
    job::Job,
    looker::Looker,
    progress::Progress,
};

/// Characters of a comment that become a description.
const MAX_NOTE: usize = 1_000;

impl Job {
    /// Proposes a contract for the sheet as it is today, to be edited by somebody who knows: every row is looked at.
    ///
    /// What is proposed is what [`Contract::infer`] says; the first column of it that is required and unique is the
    /// primary key. Comments of header cells become descriptions. The contract accepts the very sheet it is made from, as long
    /// as no two columns have the same label.
    ///
    /// ```
    /// # let bytes = sheetlift_fixtures::inventory::clean_inventory();
    /// let contract = sheetlift::Job::from_bytes(bytes, "items.xlsx")?.infer_contract()?;
    /// assert_eq!(&*contract.fields[0].name, "item_code");
    /// assert_eq!(contract.primary_key, [0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Job::table`], and `Cancelled`.
    pub fn infer_contract(&self) -> Result<Contract> {
        self.infer_contract_with(&InferOptions::default())
    }

    /// As [`Job::infer_contract`], with a say in what is proposed.
    ///
    /// # Errors
    /// As [`Job::infer_contract`].
    pub fn infer_contract_with(&self, infer: &InferOptions) -> Result<Contract> {
        let options = self.located().with_ragged_told(true);
        let workbook = self.workbook()?;
        let mut rows = workbook.rows(&options)?;
        let width = rows.header().width();
        let kinds = rows.hold()?;
        let mut lookers: Vec<Looker> = kinds.into_iter().map(Looker::new).collect();
        let mut has_long_rows = false;
        while let Some(window) = rows.next_window()? {
            self.cancel.check()?;
            look(&mut lookers, &window)?;
            has_long_rows |= window.ragged().iter().any(|(_, cells)| *cells > width);
            self.tell(Progress {
                rows_read: rows.rows_given(),
                ..Progress::default()
            });
        }
        let header = rows.header();
        let columns = lookers.into_iter().map(Looker::into_facts);
        let mut facts = TableFacts::new(columns.collect());
        facts.has_long_rows = has_long_rows;
        if !options.display_text && workbook.shows_identifiers()? {
            self.look_for_identifiers(&options, header, &mut facts.columns)?;
        }
        take_notes(&workbook, &options, header, &mut facts.columns)?;
        let mut contract = Contract::infer(header, &facts, infer);
        if contract.fields.is_empty() {
            let what = format!(
                "sheet {:?} has no column to say something about",
                header.sheet
            );
            let error = Error::usage("sheet/empty", what);
            return Err(self.locate(error.with_hint("name another sheet, range or header row")));
        }
        self.say_where(&options, &mut contract);
        let is_key = |index: &usize| {
            contract.fields[*index].constraints.unique && contract.is_required(*index)
        };
        contract.primary_key = (0..contract.fields.len())
            .find(is_key)
            .into_iter()
            .collect();
        Ok(contract)
    }

    /// A second look at columns of whole numbers, as the text that is shown: identifiers have zeros in front there.
    fn look_for_identifiers(
        &self,
        options: &ReadOptions,
        header: &Header,
        facts: &mut [ColumnFacts],
    ) -> Result<()> {
        let is_int = |facts: &ColumnFacts| facts.kind == ColumnKind::Int && facts.errors == 0;
        let columns = header.columns.iter().zip(&*facts);
        let columns = columns.filter(|(_, facts)| is_int(facts));
        let columns: Vec<u32> = columns.map(|(column, _)| column.index).collect();
        if columns.is_empty() {
            return Ok(());
        }
        let mut rows = self
            .workbook()?
            .rows(&options.clone().with_display_text(true))?;
        rows.project(&columns)?;
        let kinds = rows.hold()?;
        let places: Vec<u32> = rows
            .header()
            .columns
            .iter()
            .map(|column| column.index)
            .collect();
        let mut shown: Vec<(usize, Looker)> = kinds
            .into_iter()
            .enumerate()
            .filter(|(at, kind)| *kind == ColumnKind::Text && columns.contains(&places[*at]))
            .map(|(at, kind)| (at, Looker::new(kind)))
            .collect();
        while let Some(window) = rows.next_window()? {
            self.cancel.check()?;
            for (at, looker) in &mut shown {
                let column = window.column(*at);
                let misfit = &mut |_: usize, _: Cell<'_>| Ok(Repair::Null);
                let array = build_column(column, ColumnKind::Text, TextRepr::View, misfit)?;
                // Rows are counted already; what is nowhere here may be there in another column.
                looker.look(column, &array, &vec![false; array.len()]);
            }
        }
        for (at, looker) in shown {
            let found = looker.into_facts();
            let column = header
                .columns
                .iter()
                .position(|column| column.index == places[at]);
            let facts = column.and_then(|column| facts.get_mut(column));
            if let Some(facts) = facts.filter(|_| found.texts.identifier().is_some()) {
                facts.kind = found.kind;
                facts.texts = found.texts;
                facts.range = None;
            }
        }
        Ok(())
    }

    /// Where and how the table was read is where and how it will be.
    fn say_where(&self, options: &ReadOptions, contract: &mut Contract) {
        contract.csv = match &self.contract {
            Some(known) => self.csv.clone().or(&known.csv),
            None => self.csv.clone(),
        };
        let locate = &mut contract.locate;
        locate.header = options.header;
        locate.range.clone_from(&options.range);
        if options.area.is_some() {
            locate.area.clone_from(&options.area);
            locate.sheet = SheetRef::First;
        }
        if options.header_join != ReadOptions::default().header_join {
            locate.header_join = Some(options.header_join.clone());
        }
        locate.omit_rows.clone_from(&options.omit_rows);
        locate.skip_hidden_rows = options.skip_hidden_rows;
        locate.skip_hidden_columns = options.skip_hidden_columns;
        locate.merged = options.merged;
    }
}

fn look(lookers: &mut [Looker], window: &Window) -> Result<()> {
    let build = |(column, looker): (usize, &mut Looker)| {
        let (mut errors, kind) = (Vec::new(), looker.facts.kind);
        let mut misfit = |row: usize, _: Cell<'_>| {
            errors.push(row);
            Ok(Repair::Null)
        };
        let array = build_column(window.column(column), kind, TextRepr::View, &mut misfit)?;
        Ok((array, errors))
    };
    let built: Vec<(ArrayRef, Vec<usize>)> = lookers
        .par_iter_mut()
        .enumerate()
        .map(build)
        .collect::<sheetlift_core::Result<_>>()?;
    // A row in which nothing is says nothing about its columns.
    let mut blank = vec![true; window.num_rows()];
    for (array, errors) in &built {
        let texts = array.as_string_view_opt();
        let nulls = array.logical_nulls();
        for (row, blank) in blank.iter_mut().enumerate() {
            let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
            *blank &= is_null || texts.is_some_and(|texts| texts.value(row).is_empty());
        }
        errors.iter().for_each(|row| blank[*row] = false);
    }
    lookers.par_iter_mut().zip(&built).enumerate().for_each(
        |(column, (looker, (array, errors)))| {
            looker.facts.errors += errors.len() as u64;
            looker.look(window.column(column), array, &blank);
        },
    );
    Ok(())
}

/// The comments of the cells that name the columns, the lowest one where the header has several rows.
fn take_notes(
    workbook: &Workbook,
    options: &ReadOptions,
    header: &Header,
    facts: &mut [ColumnFacts],
) -> Result<()> {
    let Some(last) = header.row else {
        return Ok(());
    };
    let first = match options.header {
        HeaderRow::Rows { first, .. } => first,
        _ => last,
    };
    let sheet = match &*header.sheet {
        "" => SheetRef::First,
        name => SheetRef::Name(name.to_owned()),
    };
    let mut notes = workbook.comments(&sheet, first..=last)?;
    notes.sort_by_key(|note| note.row);
    for note in notes {
        let column = header.columns.iter().position(|at| at.index == note.column);
        if let Some(facts) = column.and_then(|column| facts.get_mut(column)) {
            let text: String = note.text.trim().chars().take(MAX_NOTE).collect();
            facts.note = Some(text).filter(|text| !text.is_empty());
        }
    }
    Ok(())
}

const _: fn() = || {
    fn is_send<T: Send + Sync>() {}
    is_send::<Arc<Job>>();
};
