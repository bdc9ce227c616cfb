//! Bits of a slice, least significant first.

use super::Damage;

/// A position in the compressed bytes. Bits above `count` in the buffer are either zero or true bits of the stream, so
/// filling it once more with the same bytes changes nothing.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct BitReader {
    pub(super) buffer: u64,
    /// Bits in the buffer that count.
    pub(super) count: u32,
    /// Bytes of the input that are in the buffer or used.
    pub(super) position: usize,
}

impl BitReader {
    /// Fills the buffer as far as the input goes.
    pub(super) fn refill(&mut self, input: &[u8]) {
        while self.count <= 56
            && let Some(&byte) = input.get(self.position)
        {
            self.buffer |= u64::from(byte) << self.count;
            self.position += 1;
            self.count += 8;
        }
    }

    /// Drops bits that are known to be there.
    pub(super) fn drop_bits(&mut self, count: u32) {
        self.buffer >>= count;
        self.count -= count;
    }

    /// Drops bits of a symbol, which may end beyond the input.
    pub(super) fn try_drop(&mut self, count: u32) -> Result<(), Damage> {
        if count > self.count {
            return Err(Damage::EndsEarly);
        }
        self.drop_bits(count);
        Ok(())
    }

    /// Takes at most 32 bits.
    pub(super) fn take(&mut self, input: &[u8], count: u32) -> Result<u32, Damage> {
        self.refill(input);
        let bits = (self.buffer & ((1 << count) - 1)) as u32;
        self.try_drop(count)?;
        Ok(bits)
    }

    /// Drops the rest of a byte.
    pub(super) fn align(&mut self) {
        self.drop_bits(self.count & 7);
    }

    /// Copies whole bytes; the position must be aligned.
    pub(super) fn copy_bytes(&mut self, input: &[u8], out: &mut [u8]) -> Result<(), Damage> {
        // Give back what is in the buffer, then read from the slice.
        self.position -= (self.count >> 3) as usize;
        (self.buffer, self.count) = (0, 0);
        let bytes = input
            .get(self.position..self.position + out.len())
            .ok_or(Damage::EndsEarly)?;
        out.copy_from_slice(bytes);
        self.position += out.len();
        Ok(())
    }

    /// Bytes of the input that are used, at least in part.
    pub(super) fn consumed(&self) -> usize {
        self.position - (self.count >> 3) as usize
    }
}
