//! Rules on texts: asked once for each distinct shared string, then looked up.
//!
//! A verdict is two bytes. Bit 0 says that it is known, bit 1 that the text means "no value", and bit 2 + i that the text
//! breaks rule i of its field. The usual row costs one look into a table of them: is it exactly [`FINE`]?

use std::sync::Arc;

use ahash::RandomState;
use arrow_array::{Array, StringViewArray};

use super::{
    fault::{Fault, What},
    missing::Missing,
    rules::{MAX_RULES, Rule},
};
use crate::column::{ColumnView, StringId, StringTable, Tag, piece::Packed};

type Verdict = u16;

const FINE: Verdict = 1;
const MISSING: Verdict = 2;
/// Bit of the first rule.
const FIRST_RULE: usize = 2;
const _: () = assert!(FIRST_RULE + MAX_RULES <= Verdict::BITS as usize);

/// Verdicts on the texts of one column.
#[derive(Debug, Default)]
pub(super) struct TextVerdicts {
    table: Option<Arc<StringTable>>,
    shared: Vec<Verdict>,
    inline: InlineCache,
}

/// What a pass over a column found, beside faults.
pub(super) struct TextPass<'a> {
    pub(super) rules: &'a [Box<dyn Rule>],
    pub(super) missing: &'a Missing,
    pub(super) field: u16,
    pub(super) faults: &'a mut Vec<Fault>,
    /// Rows whose text means "no value".
    pub(super) gone: Vec<u32>,
}

impl TextVerdicts {
    /// Judges every text of `column`, whose cells were built into `array`.
    pub(super) fn check(
        &mut self,
        column: ColumnView<'_>,
        array: &StringViewArray,
        pass: &mut TextPass<'_>,
    ) {
        self.use_table(column.window().strings());
        let mut at = 0;
        for (_, lane, rows) in column.lanes() {
            let Some(lane) = lane else {
                at += rows.len();
                continue;
            };
            let end = lane.len().clamp(rows.start, rows.end);
            if let Packed::Strings(ids) = lane.packed() {
                for (i, &id) in ids[rows.start..end].iter().enumerate() {
                    if self.shared.get(id as usize) != Some(&FINE) {
                        self.judge_shared(id, array, at + i, pass);
                    }
                }
            } else {
                for row in rows.start..end {
                    let (tag, bits) = lane.slot(row);
                    let row = at + row - rows.start;
                    match tag {
                        Tag::Null => {}
                        Tag::Shared => self.judge_shared(bits as StringId, array, row, pass),
                        _ if array.is_valid(row) => {
                            let verdict = self.inline.verdict(array, row, pass);
                            pass.apply(row, verdict);
                        }
                        _ => {} // an error cell, which was dealt with when the array was built
                    }
                }
            }
            at += rows.len();
        }
    }

    /// Forgets verdicts on the strings of another workbook.
    fn use_table(&mut self, table: &Arc<StringTable>) {
        if !self
            .table
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, table))
        {
            self.shared = vec![0; table.len()];
            self.table = Some(Arc::clone(table));
        }
    }

    fn judge_shared(
        &mut self,
        id: StringId,
        array: &StringViewArray,
        row: usize,
        pass: &mut TextPass<'_>,
    ) {
        // Null, or an index outside the table, which was dealt with when the array was built.
        let Some(verdict) = self.shared.get_mut(id as usize) else {
            return;
        };
        if *verdict == 0 {
            *verdict = pass.judge(array.value(row)); // which is that string
        }
        pass.apply(row, *verdict);
    }
}

impl TextPass<'_> {
    fn judge(&self, text: &str) -> Verdict {
        if self.missing.has(text) {
            return FINE | MISSING;
        }
        let mut verdict = FINE;
        for (number, rule) in self.rules.iter().enumerate() {
            verdict |= Verdict::from(!rule.holds_text(text)) << (FIRST_RULE + number);
        }
        verdict
    }

    fn apply(&mut self, row: usize, verdict: Verdict) {
        if verdict == FINE {
            return;
        }
        if verdict & MISSING != 0 {
            self.gone.push(row as u32);
            return;
        }
        for rule in 0..self.rules.len() {
            if verdict & (1 << (FIRST_RULE + rule)) != 0 {
                self.faults.push(Fault {
                    row: row as u32,
                    field: self.field,
                    what: What::Rule(rule as u8),
                });
            }
        }
    }
}

/// Verdicts on the texts that stand in their cells, by their 16-byte views as far as these hold the whole text (12 bytes).
/// A direct-mapped table: a new text simply takes the place of another.
#[derive(Debug, Default)]
struct InlineCache {
    slots: Vec<(u128, Verdict)>,
    hasher: RandomState,
}

const INLINE_SLOTS: usize = 1024;

impl InlineCache {
    fn verdict(&mut self, array: &StringViewArray, row: usize, pass: &TextPass<'_>) -> Verdict {
        let view = array.views()[row];
        if pass.rules.is_empty() || view as u32 > 12 {
            return pass.judge(array.value(row));
        }
        if self.slots.is_empty() {
            self.slots = vec![(0, 0); INLINE_SLOTS];
        }
        let slot = &mut self.slots[self.hasher.hash_one(view) as usize % INLINE_SLOTS];
        if slot.1 == 0 || slot.0 != view {
            *slot = (view, pass.judge(array.value(row)));
        }
        slot.1
    }
}
