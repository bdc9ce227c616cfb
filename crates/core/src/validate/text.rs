//! Rules on texts: asked once for each distinct shared string, then looked up.
//!
//! A verdict is two bytes, of which the table keeps one: a text that breaks its sixth rule or a later one is asked about again.
//! Bit 0 says that it is known, bit 1 that the text means "no value", bit 2 that it is read as another
//! text, and bit 3 + i that the text breaks rule i of its field. The usual row costs one look into a table of them: is it exactly [`FINE`]?

use std::sync::Arc;

use ahash::{AHashMap, RandomState};
use arrow_array::{Array, StringViewArray};

use super::{
    fault::{Fault, What},
    missing::Missing,
    rewrite::Rewriter,
    rules::{MAX_RULES, Rule},
};
use crate::{
    column::{ColumnView, StringId, StringTable, Tag, piece::Packed},
    zeroed::Zeroed,
};

type Verdict = u16;

const FINE: Verdict = 1;
const MISSING: Verdict = 2;
const REWRITTEN: Verdict = 4;
/// Bit of the first rule.
const FIRST_RULE: usize = 3;
const _: () = assert!(FIRST_RULE + MAX_RULES <= Verdict::BITS as usize);

/// Verdicts on the texts of one column.
#[derive(Debug, Default)]
pub(super) struct TextVerdicts {
    table: Option<Arc<StringTable>>,
    shared: Zeroed<u8>,
    inline: InlineCache,
}

/// What a pass over a column found, beside faults.
pub(super) struct TextPass<'a> {
    pub(super) rules: &'a [Box<dyn Rule>],
    pub(super) missing: &'a Missing,
    /// What is done to texts before they are looked at.
    pub(super) rewriter: Option<&'a Rewriter>,
    pub(super) field: u16,
    pub(super) faults: &'a mut Vec<Fault>,
    /// Rows whose text means "no value", or none of the field's type.
    pub(super) gone: Vec<u32>,
    /// Rows whose text is read as another one.
    pub(super) changes: Changes,
}

/// New texts of rows.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) texts: Vec<String>,
    /// Row and index of its text, ascending.
    pub(super) rows: Vec<(u32, u32)>,
    /// What became of a shared string: the index of its new text, and whether it was trimmed and mapped.
    shared: AHashMap<StringId, (u32, bool, bool)>,
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
                    if self.shared.get(id as usize) != Some(&(FINE as u8)) {
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
                            if verdict & REWRITTEN != 0 {
                                pass.rewrite(row, verdict, array.value(row), None);
                            }
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
            self.shared = Zeroed::new(table.len());
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
        let Some(known) = self.shared.get_mut(id as usize) else {
            return;
        };
        let mut verdict = Verdict::from(*known);
        if verdict == 0 {
            verdict = pass.judge(array.value(row)); // which is that string
            *known = u8::try_from(verdict).unwrap_or_default();
        }
        if verdict & REWRITTEN != 0 {
            pass.rewrite(row, verdict, array.value(row), Some(id));
        }
        pass.apply(row, verdict);
    }
}

impl TextPass<'_> {
    fn judge(&self, text: &str) -> Verdict {
        if self.missing.has(text) {
            return FINE | MISSING;
        }
        match self.rewriter.and_then(|rewriter| rewriter.rewrite(text)) {
            None => self.judge_read(text),
            Some(new) if self.missing.has(&new.text) => FINE | REWRITTEN | MISSING,
            Some(new) => REWRITTEN | self.judge_read(&new.text),
        }
    }

    /// The verdict of the rules.
    fn judge_read(&self, text: &str) -> Verdict {
        let mut verdict = FINE;
        for (number, rule) in self.rules.iter().enumerate() {
            let is_broken = !rule.holds_text(text);
            verdict |= Verdict::from(is_broken) << (FIRST_RULE + number);
            if is_broken && rule.is_type() {
                break; // the other rules are about what the text would mean
            }
        }
        verdict
    }

    /// Takes down what the text of a row is read as. That nothing is left of white space is not worth a word.
    fn rewrite(&mut self, row: usize, verdict: Verdict, text: &str, id: Option<StringId>) {
        let known = id.and_then(|id| self.changes.shared.get(&id)).copied();
        let (number, is_trimmed, is_mapped) = known.unwrap_or_else(|| {
            let new = self.rewriter.and_then(|rewriter| rewriter.rewrite(text));
            let changes = &mut self.changes;
            let number = changes.texts.len() as u32;
            let (is_trimmed, is_mapped) = match new {
                Some(new) => {
                    changes.texts.push(new.text);
                    (new.is_trimmed, new.is_mapped)
                }
                None => {
                    changes.texts.push(text.to_owned());
                    (false, false)
                }
            };
            let change = (number, is_trimmed, is_mapped);
            changes.shared.extend(id.map(|id| (id, change)));
            change
        });
        let row = row as u32;
        if verdict & MISSING == 0 {
            self.changes.rows.push((row, number));
        }
        let told = [
            (is_trimmed && verdict & MISSING == 0, What::Trimmed),
            (is_mapped, What::Mapped),
        ];
        for (_, what) in told.into_iter().filter(|(is_told, _)| *is_told) {
            let field = self.field;
            self.faults.push(Fault { row, field, what });
        }
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
                if self.rules[rule].is_type() {
                    self.gone.push(row as u32);
                }
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
        if pass.rules.is_empty() && pass.rewriter.is_none() || view as u32 > 12 {
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
