//! Keys over a whole stream: which values occurred before, and where first. Exact, not by hash alone.
//!
//! Every distinct value of a column gets a number, in order of appearance. A key of several columns numbers the pairs of
//! numbers, from left to right, so that its number again is one per distinct key. A number that is new is a new key.
//!
//! Numbers are found through an open-addressing table of 64-bit slots: 32 bits of hash beside the 32-bit number, so that
//! growing needs no values and a look at a value happens only when the hashes agree. Memory for each distinct value: 11 to
//! 23 bytes of slots, 8 (integers) or 16 (texts) of value, 4 for the row; texts beyond 12 bytes are copied besides.

use ahash::RandomState;
use arrow_array::{Array, ArrayRef, StringViewArray, cast::AsArray};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;

use super::column::IntValues;
use crate::zeroed::Zeroed;

/// Number of a value; rows that take no part have [`NO_VALUE`].
pub(super) type Id = u32;
pub(super) const NO_VALUE: Id = u32::MAX;
/// No value, where that counts as one.
const NULL: Id = u32::MAX - 1;

/// The values of one key that occurred so far.
#[derive(Debug)]
pub(super) struct KeySet {
    columns: Vec<ColumnIds>,
    pairs: Vec<IntIds>,
    /// Rows are the same as well where both lack a value; else a row without one takes no part.
    nulls_are_values: bool,
    /// Sheet row of the first occurrence, by number.
    first_rows: Vec<u32>,
}

impl KeySet {
    pub(super) fn new<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Self {
        let columns: Vec<ColumnIds> = types.into_iter().map(ColumnIds::new).collect();
        let pairs = columns.iter().skip(1).map(|_| IntIds::default()).collect();
        KeySet {
            columns,
            pairs,
            nulls_are_values: false,
            first_rows: Vec::new(),
        }
    }

    /// A set of whole rows, in which a missing value is one.
    pub(super) fn of_rows<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Self {
        KeySet {
            nulls_are_values: true,
            ..KeySet::new(types)
        }
    }

    /// Takes in the rows of a window in which every column of the key is valid and `usable` holds; calls `taken` with
    /// each row whose key occurred before, and the sheet row that had it first.
    pub(super) fn insert(
        &mut self,
        arrays: &[&ArrayRef],
        usable: Option<&BooleanBuffer>,
        sheet_rows: &[u32],
        mut taken: impl FnMut(usize, u32),
    ) {
        let ids = self.number(arrays, usable);
        for (row, &id) in ids.iter().enumerate() {
            if id as usize == self.first_rows.len() {
                self.first_rows.push(sheet_rows[row]);
            } else if id != NO_VALUE {
                taken(row, self.first_rows[id as usize]);
            }
        }
    }

    /// The number of each row's key, in the order in which keys come first; [`NO_VALUE`] for rows that take no part.
    pub(super) fn number(
        &mut self,
        arrays: &[&ArrayRef],
        usable: Option<&BooleanBuffer>,
    ) -> Vec<Id> {
        let with_nulls =
            |usable: Option<BooleanBuffer>, array: &ArrayRef| match (usable, array.nulls()) {
                (Some(usable), Some(nulls)) => Some(&usable & nulls.inner()),
                (None, Some(nulls)) => Some(nulls.inner().clone()),
                (usable, None) => usable,
            };
        // Of one column a row without its value is blank, or nearly so: no twin of another.
        let nulls_are_values = self.nulls_are_values && arrays.len() > 1;
        let mut all = usable.cloned();
        if !nulls_are_values {
            all = arrays.iter().fold(all, |all, array| with_nulls(all, array));
        }
        let ids_of = |column: &mut ColumnIds, array: &ArrayRef| {
            if !nulls_are_values {
                return column.ids(array, all.as_ref());
            }
            let mut ids = column.ids(array, with_nulls(all.clone(), array).as_ref());
            ids.iter_mut()
                .filter(|id| **id == NO_VALUE)
                .for_each(|id| *id = NULL);
            ids
        };
        let mut ids = ids_of(&mut self.columns[0], arrays[0]);
        let others = self.columns[1..].iter_mut().zip(&mut self.pairs);
        for ((column, pairs), array) in others.zip(&arrays[1..]) {
            let right = ids_of(column, array);
            let both: Vec<i64> = ids
                .iter()
                .zip(right)
                .map(|(&l, r)| (u64::from(l) << 32 | u64::from(r)) as i64)
                .collect();
            ids = pairs.ids(&both, all.as_ref());
        }
        ids
    }
}

/// Values that are looked up: the other side of a foreign key.
impl KeySet {
    /// Calls `missing` with each row whose values are not there. A row in which none of the columns has a value is none of them.
    pub(super) fn not_found(
        &self,
        arrays: &[&ArrayRef],
        usable: Option<&BooleanBuffer>,
        mut missing: impl FnMut(usize),
    ) {
        let rows = arrays[0].len();
        let is_used = |row: usize| usable.is_none_or(|usable| usable.value(row));
        let nulls = |row: usize| arrays.iter().filter(|array| array.is_null(row)).count();
        let ids = self.find(arrays);
        for row in (0..rows).filter(|&row| is_used(row)) {
            match nulls(row) {
                0 if ids[row] == NO_VALUE => missing(row),
                0 => {}
                nulls if nulls == arrays.len() => {}
                _ => missing(row),
            }
        }
    }

    fn find(&self, arrays: &[&ArrayRef]) -> Vec<Id> {
        let mut ids = self.columns[0].find(arrays[0]);
        for ((column, pairs), array) in self.columns[1..].iter().zip(&self.pairs).zip(&arrays[1..])
        {
            let pair = |(&left, right): (&Id, Id)| match (left, right) {
                (NO_VALUE, _) | (_, NO_VALUE) => NO_VALUE,
                (left, right) => pairs.find((u64::from(left) << 32 | u64::from(right)) as i64),
            };
            ids = ids.iter().zip(column.find(array)).map(pair).collect();
        }
        ids
    }

    /// Values so far.
    pub(super) fn len(&self) -> usize {
        self.first_rows.len()
    }

    /// The texts of a key of one column.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = match &self.columns[..] {
            [ColumnIds::Texts(texts)] => Some(texts),
            _ => None,
        };
        texts
            .into_iter()
            .flat_map(|texts| (0..texts.views.len()).map(|id| texts.get(id)))
    }
}

#[derive(Debug)]
enum ColumnIds {
    Ints(IntIds),
    Texts(TextIds),
}

impl ColumnIds {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Utf8View => ColumnIds::Texts(TextIds::default()),
            _ => ColumnIds::Ints(IntIds::default()),
        }
    }

    fn ids(&mut self, array: &ArrayRef, usable: Option<&BooleanBuffer>) -> Vec<Id> {
        match self {
            ColumnIds::Ints(ints) => ints.ids(IntValues::of(array).as_slice(), usable),
            ColumnIds::Texts(texts) => texts.ids(array.as_string_view(), usable),
        }
    }
}

impl ColumnIds {
    /// The numbers of values that have one.
    fn find(&self, array: &ArrayRef) -> Vec<Id> {
        match self {
            ColumnIds::Ints(ints) => {
                let values = IntValues::of(array);
                values
                    .as_slice()
                    .iter()
                    .map(|&value| ints.find(value))
                    .collect()
            }
            ColumnIds::Texts(texts) => {
                let array = array.as_string_view();
                (0..array.len()).map(|row| texts.find(array, row)).collect()
            }
        }
    }
}

/// Numbers of integers.
#[derive(Debug, Default)]
struct IntIds {
    table: Table,
    values: Vec<i64>,
    hasher: RandomState,
}

impl IntIds {
    fn find(&self, value: i64) -> Id {
        self.table.find(self.hasher.hash_one(value), |id| {
            self.values.get(id as usize) == Some(&value)
        })
    }

    fn ids(&mut self, values: &[i64], usable: Option<&BooleanBuffer>) -> Vec<Id> {
        let IntIds {
            table,
            values: known,
            hasher,
        } = self;
        table.ids(
            values.len(),
            usable,
            |row| hasher.hash_one(values[row]),
            |row, id| match known.get(id as usize) {
                Some(value) => *value == values[row],
                None => {
                    known.push(values[row]);
                    true
                }
            },
        )
    }
}

/// Numbers of texts.
#[derive(Debug, Default)]
struct TextIds {
    table: Table,
    /// Views as Arrow has them for up to 12 bytes; for longer texts the length, and in the upper half the place in `long`.
    views: Vec<u128>,
    long: Vec<u8>,
    hasher: RandomState,
}

impl TextIds {
    fn get(&self, id: usize) -> &str {
        let view = &self.views[id];
        let bytes = match is_short(*view) {
            true => &bytemuck::bytes_of(view)[4..4 + (*view as u32 as usize)],
            false => {
                let start = (*view >> 64) as usize;
                &self.long[start..start + (*view as u32 as usize)]
            }
        };
        std::str::from_utf8(bytes).unwrap_or_default() // always Ok: they come from texts
    }

    fn find(&self, array: &StringViewArray, row: usize) -> Id {
        let text = array.value(row);
        let hash = match array.views()[row] {
            view if is_short(view) => self.hasher.hash_one(view),
            _ => self.hasher.hash_one(text),
        };
        self.table.find(hash, |id| self.get(id as usize) == text)
    }

    fn ids(&mut self, array: &StringViewArray, usable: Option<&BooleanBuffer>) -> Vec<Id> {
        let TextIds {
            table,
            views,
            long,
            hasher,
        } = self;
        let given = array.views();
        let hash = |row: usize| match given[row] {
            view if is_short(view) => hasher.hash_one(view),
            _ => hasher.hash_one(array.value(row)),
        };
        table.ids(array.len(), usable, hash, |row, id| {
            let view = given[row];
            match views.get(id as usize) {
                Some(&known) if is_short(known) || is_short(view) => known == view,
                Some(&known) => {
                    let start = (known >> 64) as usize;
                    long.get(start..start + (known as u32 as usize))
                        == Some(array.value(row).as_bytes())
                }
                None => {
                    let long_view = || u128::from(view as u32) | (long.len() as u128) << 64;
                    views.push(if is_short(view) { view } else { long_view() });
                    if !is_short(view) {
                        long.extend_from_slice(array.value(row).as_bytes());
                    }
                    true
                }
            }
        })
    }
}

fn is_short(view: u128) -> bool {
    view as u32 <= 12
}

/// Open addressing, linear probing; a slot is 32 bits of hash above a 32-bit number, which is counted from 1 there.
#[derive(Debug, Default)]
struct Table {
    slots: Zeroed<u64>,
    len: usize,
}

const EMPTY: u64 = 0;
/// The number in a slot that is not empty.
fn number(slot: u64) -> Id {
    slot as Id - 1
}

/// Rows whose slots are fetched together, so that cache misses overlap.
const BLOCK: usize = 128;

impl Table {
    /// The numbers of `rows` values. `same` compares the value in a row with the one that has a number; asked about the
    /// next free number it has to store the value.
    fn ids(
        &mut self,
        rows: usize,
        usable: Option<&BooleanBuffer>,
        hash: impl Fn(usize) -> u64,
        mut same: impl FnMut(usize, Id) -> bool,
    ) -> Vec<Id> {
        let mut ids = Vec::with_capacity(rows);
        let mut hashes = [0u32; BLOCK];
        for start in (0..rows).step_by(BLOCK) {
            let end = (start + BLOCK).min(rows);
            self.reserve(BLOCK);
            let mut touched = 0;
            for row in start..end {
                let hash = (hash(row) >> 32) as u32;
                hashes[row - start] = hash;
                touched ^= self.slots[self.home(hash)];
            }
            std::hint::black_box(touched);
            for row in start..end {
                let takes_part = usable.is_none_or(|usable| usable.value(row));
                let id = if takes_part {
                    self.id(hashes[row - start], |id| same(row, id))
                } else {
                    NO_VALUE
                };
                ids.push(id);
            }
        }
        ids
    }

    fn id(&mut self, hash: u32, mut same: impl FnMut(Id) -> bool) -> Id {
        let mut at = self.home(hash);
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                let id = self.len as Id;
                same(id);
                self.slots[at] = u64::from(hash) << 32 | u64::from(id + 1);
                self.len += 1;
                return id;
            }
            if (slot >> 32) as u32 == hash && same(number(slot)) {
                return number(slot);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// The number of the value with this hash that is the `same`.
    fn find(&self, hash: u64, same: impl Fn(Id) -> bool) -> Id {
        if self.slots.is_empty() {
            return NO_VALUE;
        }
        let hash = (hash >> 32) as u32;
        let mut at = self.home(hash);
        while self.slots[at] != EMPTY {
            let slot = self.slots[at];
            if (slot >> 32) as u32 == hash && same(number(slot)) {
                return number(slot);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        NO_VALUE
    }

    /// Where a hash would like to be.
    fn home(&self, hash: u32) -> usize {
        (u64::from(hash) << 32 >> (64 - self.slots.len().trailing_zeros())) as usize
    }

    /// Makes room for some more: at most 70 % of the slots are used.
    fn reserve(&mut self, more: usize) {
        if (self.len + more) * 10 <= self.slots.len() * 7 {
            return;
        }
        let size = ((self.len + more) * 2).next_power_of_two().max(1024);
        let old = std::mem::replace(&mut self.slots, Zeroed::new(size));
        for &slot in old.iter().filter(|&&slot| slot != EMPTY) {
            let mut at = self.home((slot >> 32) as u32);
            while self.slots[at] != EMPTY {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = slot;
        }
    }
}
