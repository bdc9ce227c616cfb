//! Rows that went straight into a new table, where nothing says any more where they came from.

use crate::outcome::RowFate;
use crate::sink::{Tell, Told};

/// Where staged rows came from, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Runs of numbers that follow each other: the place of the first, and its number.
    runs: Vec<(u64, u32)>,
    len: u64,
}

impl Sources {
    pub(crate) fn push(&mut self, source: u32) {
        let follows = self.runs.last().is_some_and(|&(start, first)| {
            u64::from(first) + (self.len - start) == u64::from(source)
        });
        if !follows {
            self.runs.push((self.len, source));
        }
        self.len += 1;
    }

    pub(crate) fn at(&self, place: u64) -> u32 {
        let run = self.runs.partition_point(|&(start, _)| start <= place);
        let (start, first) = self.runs[run.saturating_sub(1)];
        first.wrapping_add((place - start) as u32)
    }

    /// Tells every one of them that entered, which are all but those of a list in order.
    pub(crate) fn tell(&self, conflicts: &[u32], tell: &mut Tell<'_>) {
        for place in 0..self.len {
            let source = self.at(place);
            if conflicts.binary_search(&source).is_err() {
                tell(Told {
                    row: source,
                    fate: RowFate::Inserted,
                    code: "",
                    reason: "",
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_again() {
        let mut sources = Sources::default();
        let numbers: Vec<u32> = (0..50)
            .chain(52..90)
            .chain([7, 7, 8])
            .chain(u32::MAX - 2..=u32::MAX)
            .collect();
        numbers.iter().for_each(|&number| sources.push(number));
        assert!(
            numbers
                .iter()
                .enumerate()
                .all(|(at, &number)| sources.at(at as u64) == number)
        );
        assert_eq!(sources.runs.len(), 5);
    }
}
