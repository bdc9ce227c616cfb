//! Texts: the shared string table, and the 16-byte views by which Arrow's `Utf8View` refers to text.

use arrow_buffer::Buffer;

/// Index of a shared string in its table.
pub type StringId = u32;

/// Shared strings: text in blocks, one view for each string. Built once, then read by everybody.
#[derive(Debug, Default)]
pub struct StringTable {
    views: Vec<u128>,
    blocks: Vec<Buffer>,
    longest: usize,
}

impl StringTable {
    /// Appends a block of text and the views into it. `views` refer to block number [`Self::next_block`].
    pub(crate) fn push_block(&mut self, text: Vec<u8>, views: &[u128]) {
        self.blocks.push(Buffer::from_vec(text));
        self.views.extend_from_slice(views);
        let longest = views.iter().map(|view| view_len(*view)).max();
        self.longest = self.longest.max(longest.unwrap_or(0));
    }

    /// Number that the next block will have.
    pub(crate) fn next_block(&self) -> u32 {
        self.blocks.len() as u32
    }

    /// Strings in the table.
    pub fn len(&self) -> usize {
        self.views.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    /// Bytes of the longest string.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Bytes of a string; none of one that is not there.
    pub(crate) fn len_of(&self, id: StringId) -> usize {
        self.views
            .get(id as usize)
            .map_or(0, |view| view_len(*view))
    }

    /// Bytes held.
    pub fn size(&self) -> usize {
        self.views.len() * 16 + self.blocks.iter().map(Buffer::len).sum::<usize>()
    }

    /// The string with this index.
    pub fn get(&self, id: StringId) -> Option<&str> {
        let view = self.views.get(id as usize)?;
        let bytes = match view_place(*view) {
            // An inlined view carries its bytes itself, after the length.
            None => &bytemuck::bytes_of(view)[4..4 + view_len(*view)],
            Some((block, offset)) => &self.blocks[block][offset..offset + view_len(*view)],
        };
        std::str::from_utf8(bytes).ok() // always Ok: blocks are checked before they get here
    }

    pub(crate) fn views(&self) -> &[u128] {
        &self.views
    }

    pub(crate) fn blocks(&self) -> &[Buffer] {
        &self.blocks
    }
}

/// The view of `text`, which lies at `offset` in buffer `block` (Arrow columnar format, "Variable-size Binary View Layout"):
/// length, then up to 12 bytes of text, or 4 bytes of prefix, block and offset. Little endian, as every target of Arrow's
/// zero-copy formats is.
pub(crate) fn make_view(text: &[u8], block: u32, offset: u32) -> u128 {
    let mut start = [0; 16];
    let len = text.len().min(16);
    start[..len].copy_from_slice(&text[..len]);
    view_from(u128::from_le_bytes(start), text.len(), block, offset)
}

/// The same of `bytes[at..end]`, without a copy of variable length where 16 bytes are there.
#[inline(always)]
pub(crate) fn make_view_in(bytes: &[u8], at: usize, end: usize, block: u32, offset: u32) -> u128 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(start) => view_from(u128::from_le_bytes(*start), end - at, block, offset),
        None => make_view(&bytes[at..end], block, offset),
    }
}

/// The view of a text of `len` bytes that begins with `start`.
#[inline(always)]
fn view_from(start: u128, len: usize, block: u32, offset: u32) -> u128 {
    let rest = if len <= 12 {
        start & ((1 << (8 * len)) - 1)
    } else {
        start & u128::from(u32::MAX) | u128::from(block) << 32 | u128::from(offset) << 64
    };
    len as u128 | rest << 32
}

pub(crate) fn view_len(view: u128) -> usize {
    view as u32 as usize
}

/// Block and offset, or `None` when the text is inlined.
pub(crate) fn view_place(view: u128) -> Option<(usize, usize)> {
    (view_len(view) > 12).then_some(((view >> 64) as u32 as usize, (view >> 96) as u32 as usize))
}

/// The same view in block `block`; the text must not be inlined.
pub(crate) fn with_block(view: u128, block: u32) -> u128 {
    view & !(u128::from(u32::MAX) << 64) | u128::from(block) << 64
}
