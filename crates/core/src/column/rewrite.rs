//! A text column some of whose rows have another text.

use arrow_array::{Array, StringViewArray};
use arrow_buffer::{Buffer, ScalarBuffer};

use super::{strings::make_view, text::view_array};

/// A block is closed at this size, so that offsets never come near 32 bits.
const BLOCK_BYTES: usize = if cfg!(debug_assertions) { 64 } else { 1 << 28 };

/// `array` with `texts[text]` in each row of `changes`, pairs of row and text; other rows keep their views. A text that several
/// rows have is written once.
pub(crate) fn with_texts(
    array: &StringViewArray,
    texts: &[String],
    changes: &[(u32, u32)],
) -> StringViewArray {
    let mut blocks: Vec<Buffer> = array.data_buffers().to_vec();
    let mut block: Vec<u8> = Vec::new();
    let mut new_views = Vec::with_capacity(texts.len());
    for text in texts {
        if block.len() >= BLOCK_BYTES {
            blocks.push(Buffer::from_vec(std::mem::take(&mut block)));
        }
        let (number, offset) = (blocks.len() as u32, block.len() as u32);
        new_views.push(make_view(text.as_bytes(), number, offset));
        if text.len() > 12 {
            block.extend_from_slice(text.as_bytes());
        }
    }
    if !block.is_empty() {
        blocks.push(Buffer::from_vec(block));
    }
    let mut views: Vec<u128> = array.views().to_vec();
    for &(row, text) in changes {
        views[row as usize] = new_views[text as usize];
    }
    view_array(ScalarBuffer::from(views), blocks, array.nulls().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_rows_have_their_text_and_others_keep_theirs() {
        let long = |n: usize| format!("a text that no view can hold {n}");
        let old: Vec<Option<String>> = (0..20).map(|n| (n % 5 > 0).then(|| long(n))).collect();
        let array = StringViewArray::from_iter(old.iter().map(Option::as_deref));
        let texts: Vec<String> = (0..6)
            .map(|n| {
                if n % 2 == 0 {
                    long(100 + n)
                } else {
                    format!("x{n}")
                }
            })
            .collect();
        let changes = [(1, 0), (2, 1), (3, 0), (6, 2), (7, 3), (8, 4), (19, 5)];
        let array = with_texts(&array, &texts, &changes);
        for (row, text) in array.iter().enumerate() {
            let changed = changes.iter().find(|(at, _)| *at as usize == row);
            let expected = match changed {
                Some(&(_, text)) => Some(&texts[text as usize]),
                None => old[row].as_ref(),
            };
            assert_eq!(text, expected.map(String::as_str), "row {row}");
        }
    }
}
