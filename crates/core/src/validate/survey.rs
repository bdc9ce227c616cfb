//! A look at whole columns before their first row is read: in which order day and month stand where a contract says `dateOrder:
//! infer`. `03/04/2024` is two days; the column around it may say which one it is.
//!
//! Every text takes part: an order stays possible as long as each date of the column can be read in it. One order has to be
//! left, and some date must have two readings, or there is nothing to decide. Where several orders are left, or none, nothing is
//! taken: each date that can be read in two ways is `cell/date-ambiguous`, and a finding about the column says what stands
//! against what.

use std::{borrow::Cow, fmt, sync::Arc};

use super::{
    Validator, cells::cut, header_map::HeaderMap, missing::Missing, rewrite::Rewriter,
    stop::StopRule,
};
use crate::{
    a1::cell_name,
    column::{Cell, StringTable, Window},
    contract::{Contract, DateOrder, FieldType, TemporalFormat, has_points},
    error::Result,
    finding::{Finding, Level},
    header::Header,
};

/// The orders there are; a set of them is three bits.
const ORDERS: [DateOrder; 3] = [
    DateOrder::DayFirst,
    DateOrder::MonthFirst,
    DateOrder::YearFirst,
];
const ALL: u8 = 0b111;

/// Looks at the columns whose order of day and month has to be found out.
///
/// ```
/// use sheetlift_core::{Contract, Header, Survey, Validator, Window};
/// # fn example(contract: &Contract, header: &Header, windows: &[Window]) -> sheetlift_core::Result<()> {
/// let mut survey = Survey::new(contract, header)?;
/// for window in windows {
///     survey.add(window);
/// }
/// let validator = Validator::new(contract, header)?.with_survey(&survey);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Survey {
    header: Header,
    columns: Vec<Column>,
    stop: Option<StopRule>,
}

/// What one column says.
#[derive(Debug)]
struct Column {
    field: usize,
    name: Arc<str>,
    /// Place of its column in the header.
    place: usize,
    day_first: FieldType,
    month_first: FieldType,
    year_first: FieldType,
    missing: Missing,
    rewriter: Option<Rewriter>,
    /// Shared strings that were looked at.
    seen: (Option<Arc<StringTable>>, Vec<bool>),
    /// Orders that every date so far can be read in.
    possible: u8,
    /// For each order, the first cell that can be read in no other one.
    proofs: [Option<Seen>; 3],
    /// The first cell that can be read in two ways.
    open: Option<Seen>,
}

/// A cell and its text.
#[derive(Debug, Clone)]
struct Seen {
    cell: String,
    text: String,
}

impl Survey {
    /// Forgets which texts were looked at, once all were: what was decided stays, and needs little memory.
    pub fn settle(&mut self) {
        for column in &mut self.columns {
            column.seen = (None, Vec::new());
        }
    }

    /// True when some field of the contract asks for it.
    pub fn is_needed(contract: &Contract) -> bool {
        let mut types = contract.fields.iter().map(|field| &field.field_type);
        types.any(is_inferred)
    }

    /// A survey of the columns that the fields of this contract have.
    ///
    /// # Errors
    /// `Contract` when a pattern of the contract cannot be used.
    pub fn new(contract: &Contract, header: &Header) -> Result<Survey> {
        let places = HeaderMap::new(contract, header).places;
        let columns = contract
            .fields
            .iter()
            .enumerate()
            .filter_map(|(index, field)| {
                let in_order = |order| match field.field_type {
                    FieldType::DateTime(_) => FieldType::DateTime(TemporalFormat::InOrder(order)),
                    _ => FieldType::Date(TemporalFormat::InOrder(order)),
                };
                Some(Column {
                    field: index,
                    name: Arc::clone(&field.name),
                    place: places[index].filter(|_| is_inferred(&field.field_type))?,
                    day_first: in_order(DateOrder::DayFirst),
                    month_first: in_order(DateOrder::MonthFirst),
                    year_first: in_order(DateOrder::YearFirst),
                    missing: Missing::new(contract.missing_values_of(field)),
                    rewriter: Rewriter::of(field),
                    seen: Default::default(),
                    possible: ALL,
                    proofs: [None, None, None],
                    open: None,
                })
            });
        Ok(Survey {
            columns: columns.collect(),
            header: header.clone(),
            stop: StopRule::new(&contract.locate.stop)?,
        })
    }

    /// Zero-based sheet columns that it looks at: all of them where the table may end before its sheet.
    pub fn projection(&self) -> Vec<u32> {
        if self.stop.is_some() {
            let all = self.header.columns.iter();
            return all.map(|column| column.index).collect();
        }
        let columns = self.columns.iter();
        columns
            .map(|column| self.header.columns[column.place].index)
            .collect()
    }

    /// True once the table has ended before its sheet: further windows say nothing.
    pub fn has_ended(&self) -> bool {
        self.stop.as_ref().is_some_and(StopRule::has_ended)
    }

    /// Looks at the next window. Its columns are those of the header, in order.
    pub fn add(&mut self, window: &Window) {
        let window = match &mut self.stop {
            Some(stop) => stop.cut(window),
            None => Cow::Borrowed(window),
        };
        let rows = window.row_numbers();
        for column in &mut self.columns {
            let place = column.place;
            let index = self.header.columns[place].index;
            window.column(place).as_spelled().for_each(|row, cell| {
                if let Cell::Text(text, id) = cell
                    && !column.has_seen(id, window.strings())
                {
                    column.look(|| cell_name(rows[row], index), text);
                }
            });
        }
    }
}

impl Validator {
    /// Takes over what a survey of all rows has found out. Without it dates of a field with `dateOrder: infer` have to be clear
    /// each by itself.
    #[must_use]
    pub fn with_survey(mut self, survey: &Survey) -> Validator {
        for column in &survey.columns {
            match column.decision() {
                Decision::Nothing => {}
                Decision::Order(order) => {
                    let field = &mut self.columns[column.field].field;
                    field.field_type = match field.field_type {
                        FieldType::DateTime(_) => {
                            FieldType::DateTime(TemporalFormat::InOrder(order))
                        }
                        _ => FieldType::Date(TemporalFormat::InOrder(order)),
                    };
                }
                Decision::Open(why) => {
                    let finding = column.finding(&survey.header, &why);
                    self.summary.count(
                        finding.level,
                        &finding.code,
                        &finding.rule,
                        finding.field.as_deref(),
                        1,
                    );
                    self.header_findings.push(finding);
                }
            }
        }
        self
    }
}

fn is_inferred(field_type: &FieldType) -> bool {
    let inferred = TemporalFormat::InOrder(DateOrder::Inferred);
    matches!(field_type, FieldType::Date(format) | FieldType::DateTime(format) if *format == inferred)
}

/// What becomes of a column.
enum Decision {
    /// Every date has one reading.
    Nothing,
    Order(DateOrder),
    /// It cannot be told, for this reason.
    Open(String),
}

impl Column {
    /// True when this shared string was looked at before.
    fn has_seen(&mut self, id: Option<u32>, strings: &Arc<StringTable>) -> bool {
        let Some(id) = id else {
            return false;
        };
        let (table, seen) = &mut self.seen;
        if !table
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, strings))
        {
            *seen = vec![false; strings.len()];
            *table = Some(Arc::clone(strings));
        }
        let is_known = seen.get_mut(id as usize);
        is_known.is_some_and(|seen| std::mem::replace(seen, true))
    }

    fn look(&mut self, cell: impl Fn() -> String, text: &str) {
        if self.missing.has_trimmed(text) {
            return;
        }
        let mapped = self
            .rewriter
            .as_ref()
            .and_then(|rewriter| rewriter.mapped(text));
        let text = mapped.unwrap_or(text);
        let readings = [&self.day_first, &self.month_first, &self.year_first];
        let readings = readings.map(|field_type| field_type.parse(text).ok());
        let mut orders = 0;
        for (number, reading) in readings.iter().enumerate() {
            orders |= u8::from(reading.is_some()) << number;
        }
        if has_points(text) {
            orders &= !0b010; // no country writes the month first with points
        }
        let seen = || Seen {
            cell: cell(),
            text: cut(text.trim(), 60),
        };
        let mut values = (0..3).filter(|number| orders & 1 << number != 0);
        let Some(first) = values.next() else {
            return; // no date at all, which is told with its cell
        };
        self.possible &= orders;
        if orders.is_power_of_two() {
            self.proofs[first].get_or_insert_with(seen);
        } else if values.any(|number| readings[number] != readings[first]) {
            self.open.get_or_insert_with(seen);
        }
    }

    fn decision(&self) -> Decision {
        let words = ["the day first", "the month first", "the year first"];
        let proofs = self.proofs.iter().zip(words);
        let mut proofs = proofs.filter_map(|(seen, word)| Some((seen.as_ref()?, word)));
        match (self.possible.count_ones(), &self.open) {
            (1, _) => Decision::Order(ORDERS[self.possible.trailing_zeros() as usize]),
            (0, _) => Decision::Open(match (proofs.next(), proofs.next()) {
                (Some((one, first)), Some((other, second))) => {
                    format!("{one} has {first}, {other} {second}")
                }
                _ => "no order fits all dates".to_owned(),
            }),
            (_, Some(open)) => {
                let why =
                    format!("{open} can be read in two ways, and no date of the column says which");
                Decision::Open(why)
            }
            (_, None) => Decision::Nothing,
        }
    }

    /// The finding about the whole column. A warning: the cells it is about have errors of their own.
    fn finding(&self, header: &Header, why: &str) -> Finding {
        let column = &header.columns[self.place];
        Finding {
            level: Level::Warning,
            code: Cow::Borrowed("cell/date-ambiguous"),
            rule: "dateOrder: infer".to_owned(),
            sheet: Arc::clone(&header.sheet),
            row: None,
            column_index: Some(column.index),
            column: Some(Arc::clone(&column.name)),
            field: Some(Arc::clone(&self.name)),
            row_key: None,
            value: None,
            expected: "dates with day and month in one order".to_owned(),
            message: format!(
                "it cannot be told whether {} has the day or the month first: {why}",
                column.name
            ),
            suggestion: Some(
                "write the dates as 2024-12-31, or say `dateOrder: dmy` or `mdy` in the contract"
                    .to_owned(),
            ),
            score: None,
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.cell, self.text)
    }
}
