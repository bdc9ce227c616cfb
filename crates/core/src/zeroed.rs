//! Large tables that are zero until they are written, in large pages where the system has them.
//!
//! A table of hashes is written all over from the first value on: in pages of 4 KiB every other write is a fault of the system, and
//! nearly every look a miss of the processor's own page table.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use bytemuck::Pod;
use memmap2::MmapMut;

/// Bytes from which on memory is asked for in large pages, which have 2 MiB on x86-64 and on most of arm64.
const LARGE: usize = 2 << 20;

/// A slice of numbers on the heap, or in memory of its own.
pub(crate) struct Zeroed<T: Pod> {
    place: Place<T>,
    len: usize,
}

enum Place<T> {
    Heap(Vec<T>),
    Mapped(MmapMut),
}

impl<T: Pod> Zeroed<T> {
    pub(crate) fn new(len: usize) -> Zeroed<T> {
        let bytes = len.saturating_mul(size_of::<T>());
        let mapped = (bytes >= LARGE).then(|| MmapMut::map_anon(bytes));
        let place = match mapped {
            Some(Ok(map)) => {
                #[cfg(target_os = "linux")]
                let _ = map.advise(memmap2::Advice::HugePage); // without, it is slower, nothing else
                Place::Mapped(map)
            }
            _ => Place::Heap(vec![T::zeroed(); len]),
        };
        Zeroed { place, len }
    }
}

impl<T: Pod> Default for Zeroed<T> {
    fn default() -> Self {
        Zeroed::new(0)
    }
}

impl<T: Pod> Deref for Zeroed<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.place {
            Place::Heap(values) => values,
            Place::Mapped(map) => bytemuck::cast_slice(&map[..self.len * size_of::<T>()]),
        }
    }
}

impl<T: Pod> DerefMut for Zeroed<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.place {
            Place::Heap(values) => values,
            Place::Mapped(map) => bytemuck::cast_slice_mut(&mut map[..self.len * size_of::<T>()]),
        }
    }
}

impl<T: Pod> fmt::Debug for Zeroed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zeroed({})", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_tables_are_zero_and_hold_what_is_written() {
        for len in [0, 1, 1000, LARGE / 8 - 1, LARGE / 8, LARGE / 8 + 3] {
            let mut table = Zeroed::<u64>::new(len);
            assert_eq!(table.len(), len);
            assert!(table.iter().all(|&value| value == 0));
            for (at, value) in table.iter_mut().enumerate() {
                *value = at as u64;
            }
            assert!(
                table
                    .iter()
                    .enumerate()
                    .all(|(at, &value)| at as u64 == value)
            );
        }
    }
}
