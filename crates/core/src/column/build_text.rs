//! Text columns. A view refers to the text where it lies (shared strings, or the inline texts of a piece); the other
//! representations copy it.

use std::sync::Arc;

use ahash::AHashMap;
use arrow_array::{
    ArrayRef, Int32Array, StringViewArray,
    builder::{StringBuilder, StringDictionaryBuilder},
    types::Int32Type,
};
use arrow_buffer::{Buffer, NullBufferBuilder, ScalarBuffer};

use super::{
    build::{Misfit, append_validity, split},
    cell::{Cell, Tag},
    display::write_cell,
    kind::TextRepr,
    piece::{NO_STRING, Packed},
    strings::{StringTable, make_view, make_view_in, view_place, with_block},
    text,
    window::ColumnView,
};
use crate::error::Result;

pub(super) fn build(
    column: ColumnView<'_>,
    repr: TextRepr,
    misfit: &mut Misfit<'_>,
) -> Result<ArrayRef> {
    match repr {
        TextRepr::View => Ok(Arc::new(build_views(column, misfit)?)),
        TextRepr::Utf8 => build_utf8(column, misfit),
        TextRepr::Dictionary => build_dictionary(column, misfit),
    }
}

/// Views: 16 bytes a row, gathered from the views of the string table.
fn build_views(column: ColumnView<'_>, misfit: &mut Misfit<'_>) -> Result<StringViewArray> {
    let strings: &StringTable = column.window().strings();
    let mut views: Vec<u128> = Vec::with_capacity(column.len());
    let mut nulls = NullBufferBuilder::new(column.len());
    let mut buffers = Buffers {
        blocks: strings.blocks().to_vec(),
        written: Vec::new(),
    };
    for (piece, lane, rows) in column.lanes() {
        let (full, missing) = split(lane, &rows);
        if let Some(lane) = lane
            && !full.is_empty()
        {
            let has_inline = Tag::ALL
                .iter()
                .any(|tag| tag.is_inline() && lane.tags().contains(*tag));
            let block = if has_inline {
                buffers.push(&piece.text)
            } else {
                0
            };
            let start = views.len();
            let simple = match lane.packed() {
                Packed::Strings(ids) => gather(&ids[full.clone()], strings.views(), &mut views),
                Packed::Plain(tag, spans) if tag.is_inline() => {
                    let text = &piece.text;
                    views.extend(
                        spans[full.clone()]
                            .iter()
                            .map(|&at| inline(at, text, block)),
                    );
                    true
                }
                _ => false,
            };
            if simple {
                append_validity(&mut nulls, lane, full);
            } else {
                views.truncate(start);
                for row in full {
                    let (tag, bits) = lane.slot(row);
                    let view = match tag {
                        Tag::Null => None,
                        Tag::Shared if (bits as usize) < strings.len() => {
                            Some(strings.views()[bits as usize])
                        }
                        tag if tag.is_inline() => Some(inline(bits, &piece.text, block)),
                        _ => {
                            let cell = piece.lane_cell(lane, row, strings);
                            buffers.write(cell, column, views.len(), misfit)?
                        }
                    };
                    nulls.append(view.is_some());
                    views.push(view.unwrap_or_default());
                }
            }
        }
        nulls.append_n_nulls(missing);
        views.resize(views.len() + missing, 0);
    }
    let blocks = buffers.finish(&mut views);
    Ok(text::view_array(
        ScalarBuffer::from(views),
        blocks,
        nulls.finish(),
    ))
}

/// Appends the view of every id; false when one is outside the table, and then what was appended is of no use.
fn gather(ids: &[u32], table: &[u128], views: &mut Vec<u128>) -> bool {
    let mut known = true;
    views.extend(ids.iter().map(|&id| match table.get(id as usize) {
        Some(&view) => view,
        None => {
            known &= id == NO_STRING;
            0
        }
    }));
    known
}

/// The view of an inline text.
#[inline(always)]
fn inline(at: u64, text: &[u8], block: u32) -> u128 {
    let (offset, len) = ((at >> 32) as u32, at as u32);
    let start = offset as usize;
    make_view_in(text, start, start + len as usize, block, offset)
}

/// The buffers views refer to: those of others, and one with the texts written for numbers, dates and so on.
struct Buffers {
    blocks: Vec<Buffer>,
    written: Vec<u8>,
}

/// Block number of written texts until all blocks are known.
const WRITTEN: u32 = u32::MAX;

impl Buffers {
    fn push(&mut self, block: &Buffer) -> u32 {
        self.blocks.push(block.clone());
        self.blocks.len() as u32 - 1
    }

    fn write(
        &mut self,
        cell: Cell<'_>,
        column: ColumnView<'_>,
        row: usize,
        misfit: &mut Misfit<'_>,
    ) -> Result<Option<u128>> {
        let start = self.written.len();
        if !write_cell(&mut self.written, cell, column.window().dates()) {
            misfit(row, cell)?;
            return Ok(None);
        }
        Ok(Some(make_view(
            &self.written[start..],
            WRITTEN,
            start as u32,
        )))
    }

    fn finish(mut self, views: &mut [u128]) -> Vec<Buffer> {
        if !self.written.is_empty() {
            let block = self.blocks.len() as u32;
            for view in views.iter_mut() {
                if view_place(*view).is_some_and(|(b, _)| b == WRITTEN as usize) {
                    *view = with_block(*view, block);
                }
            }
            self.blocks.push(Buffer::from_vec(self.written));
        }
        self.blocks
    }
}

fn build_utf8(column: ColumnView<'_>, misfit: &mut Misfit<'_>) -> Result<ArrayRef> {
    let mut builder = StringBuilder::with_capacity(column.len(), column.len() * 8);
    let dates = column.window().dates();
    let mut written = Vec::new();
    column.try_for_each(|row, cell| {
        match cell {
            Cell::Null => builder.append_null(),
            Cell::Text(text, _) => builder.append_value(text),
            cell => {
                written.clear();
                if write_cell(&mut written, cell, dates) {
                    builder.append_value(ascii(&written));
                } else {
                    misfit(row, cell)?;
                    builder.append_null();
                }
            }
        }
        Ok(())
    })?;
    Ok(Arc::new(builder.finish()))
}

/// Keys are found by the index of the shared string, so each distinct string is hashed once per batch.
fn build_dictionary(column: ColumnView<'_>, misfit: &mut Misfit<'_>) -> Result<ArrayRef> {
    let mut values = StringDictionaryBuilder::<Int32Type>::new();
    let mut keys = Vec::with_capacity(column.len());
    let mut known: AHashMap<u32, i32> = AHashMap::new();
    let dates = column.window().dates();
    let mut written = Vec::new();
    column.try_for_each(|row, cell| {
        let mut key = |text: &str| values.append(text).ok(); // fails beyond 2^31 distinct values only
        keys.push(match cell {
            Cell::Null => None,
            Cell::Text(text, Some(id)) => match known.get(&id) {
                Some(&key) => Some(key),
                None => {
                    let key = key(text);
                    known.extend(key.map(|key| (id, key)));
                    key
                }
            },
            Cell::Text(text, None) => key(text),
            cell => {
                written.clear();
                if write_cell(&mut written, cell, dates) {
                    key(ascii(&written))
                } else {
                    misfit(row, cell)?;
                    None
                }
            }
        });
        Ok(())
    })?;
    let dictionary = values.finish();
    Ok(Arc::new(dictionary.with_keys(Int32Array::from(keys))))
}

trait WithKeys {
    fn with_keys(&self, keys: Int32Array) -> arrow_array::DictionaryArray<Int32Type>;
}

impl WithKeys for arrow_array::DictionaryArray<Int32Type> {
    fn with_keys(&self, keys: Int32Array) -> Self {
        arrow_array::DictionaryArray::new(keys, self.values().clone())
    }
}

fn ascii(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default() // what `write_cell` writes is ASCII
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use proptest::prelude::*;

    use super::*;
    use crate::column::{ColumnKind, Repair, build_column, window::testing::window};

    fn texts(repr: TextRepr, cells: &[Cell<'_>]) -> (Vec<Option<String>>, Vec<usize>) {
        let rows: Vec<_> = cells.iter().map(|&cell| vec![cell]).collect();
        let window = window(0, 1, &rows);
        let mut misfits = Vec::new();
        let array = build_column(window.column(0), ColumnKind::Text, repr, &mut |row, _| {
            misfits.push(row);
            Ok(Repair::Null)
        })
        .unwrap();
        array.to_data().validate_full().unwrap();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let texts = match repr {
            TextRepr::View => array.as_string_view().iter().map(owned).collect(),
            TextRepr::Utf8 => array.as_string::<i32>().iter().map(owned).collect(),
            TextRepr::Dictionary => {
                let typed = array.as_dictionary::<Int32Type>();
                let typed = typed.downcast_dict::<arrow_array::StringArray>().unwrap();
                typed.into_iter().map(owned).collect()
            }
        };
        (texts, misfits)
    }

    #[test]
    fn everything_has_a_text_but_errors() {
        use Cell::*;
        let long = "a text that is too long for an inlined view";
        let cells = [
            Text("007", None),
            Text(long, None),
            Text(long, Some(1)),
            Null,
            Int(42),
            Float(0.1),
            Bool(true),
            Date(45_658.0),
            Error("#N/A"),
            BadString(99),
            DateTime(45_658.5),
        ];
        let expected = [
            Some("007"),
            Some(long),
            Some(long),
            None,
            Some("42"),
            Some("0.1"),
            Some("TRUE"),
            Some("2025-01-01"),
            None,
            None,
            Some("2025-01-01T12:00:00"),
        ];
        for repr in [TextRepr::View, TextRepr::Utf8, TextRepr::Dictionary] {
            let (texts, misfits) = texts(repr, &cells);
            assert_eq!(
                texts.iter().map(Option::as_deref).collect::<Vec<_>>(),
                expected,
                "{repr:?}"
            );
            assert_eq!(misfits, [8, 9]);
        }
    }

    proptest! {
        #[test]
        fn representations_agree(words in proptest::collection::vec((any::<Option<String>>(), any::<bool>()), 0..40)) {
            let cells: Vec<Cell<'_>> = words.iter().enumerate().map(|(i, (word, shared))| match word {
                Some(word) => Cell::Text(word, shared.then_some(i as u32)),
                None => Cell::Null,
            }).collect();
            let expected: Vec<Option<String>> = words.iter().map(|(word, _)| word.clone()).collect();
            for repr in [TextRepr::View, TextRepr::Utf8, TextRepr::Dictionary] {
                prop_assert_eq!(&texts(repr, &cells).0, &expected);
            }
        }
    }
}
