//! The commit: chunks of rows, then rejects, on their way into the database in several transactions at a time.

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::sync::Arc;
use std::time::Duration;

use tempfile::SpooledTempFile;
use tokio::task::JoinSet;

use super::chunk::{self, Chunk, Work};
use super::ledger::LANES;
use super::progress::{self, Progress};
use super::spool::read_row;
use crate::error::{Error, ErrorKind, Result};
use crate::outcome::{MAX_LISTED_CONFLICTS, Outcome, Reject, State};
use crate::plan::Plan;

/// Transactions under way: one in each lane.
pub(super) struct Lanes {
    work: Arc<Work>,
    free: Vec<usize>,
    under_way: JoinSet<(usize, usize, Result<Progress>)>,
    renewal: Option<tokio::task::JoinHandle<()>>,
    total: Progress,
    conflict_total: u64,
    /// The first conflicts, by chunk: chunks end in any order.
    conflicts: BTreeMap<usize, Vec<progress::Conflict>>,
    /// How many these are.
    kept: usize,
}

impl Lanes {
    pub(super) fn new(work: Arc<Work>) -> Lanes {
        Lanes {
            work,
            free: (0..LANES).collect(),
            under_way: JoinSet::new(),
            renewal: None,
            total: Progress::default(),
            conflict_total: 0,
            conflicts: BTreeMap::new(),
            kept: 0,
        }
    }

    /// Renews the lease for as long as there is work. If it fails to, the lanes find out.
    pub(super) fn keep_lease(&mut self, lease_ms: u64) {
        let held = self.work.held.clone();
        let third = Duration::from_millis((lease_ms / 3).max(1));
        self.renewal = Some(tokio::spawn(async move {
            loop {
                tokio::time::sleep(third).await;
                let _ = held.renew().await;
            }
        }));
    }

    pub(super) async fn rows(
        &mut self,
        mut file: BufReader<SpooledTempFile>,
        count: u64,
    ) -> Result<()> {
        let columns = self.work.rules.columns.len();
        let (mut left, mut number) = (count, 0);
        while left > 0 {
            let (mut rows, mut bytes, mut raw) = (Vec::new(), 0, blake3::Hasher::new());
            while left > 0 && rows.len() < chunk::MAX_ROWS && bytes < chunk::MAX_BYTES {
                let (row, taken) = read_row(&mut file, columns, &mut raw).map_err(unspooled)?;
                rows.push(row);
                bytes += taken;
                left -= 1;
            }
            number += 1;
            let digest = raw.finalize().to_hex()[..32].to_owned();
            let chunk = Chunk {
                number,
                digest,
                rows,
            };
            let lane = self.lane().await?;
            let load = chunk::load(self.work.clone(), lane, chunk);
            self.under_way
                .spawn(async move { (lane, number, load.await) });
        }
        Ok(())
    }

    pub(super) async fn rejects(&mut self, file: BufReader<SpooledTempFile>) -> Result<()> {
        let mut rejects = serde_json::Deserializer::from_reader(file).into_iter::<Reject>();
        let mut first = 1;
        loop {
            let (mut some, mut bytes) = (Vec::new(), 0);
            while some.len() < chunk::MAX_REJECTS && bytes < chunk::MAX_BYTES {
                let Some(reject) = rejects.next() else { break };
                let reject = reject.map_err(|error| unspooled(error.into()))?;
                bytes += reject.raw.len() + reject.reason.len();
                some.push(reject);
            }
            if some.is_empty() {
                return Ok(());
            }
            let (lane, count) = (self.lane().await?, some.len());
            let write = chunk::write_rejects(self.work.clone(), lane, first, some);
            self.under_way.spawn(async move { (lane, 0, write.await) });
            first += count;
        }
    }

    /// A lane that is free, as soon as there is one.
    async fn lane(&mut self) -> Result<usize> {
        loop {
            if let Some(lane) = self.free.pop() {
                return Ok(lane);
            }
            self.next().await?;
        }
    }

    async fn next(&mut self) -> Result<()> {
        let Some(ended) = self.under_way.join_next().await else {
            return Err(Error::bug("no lane is free, and none is in use"));
        };
        let (lane, chunk, progress) = ended.map_err(|_| Error::bug("a lane has broken down"))?;
        let progress = progress?;
        self.free.push(lane);
        self.total.inserted += progress.inserted;
        self.total.updated += progress.updated;
        self.total.unchanged += progress.unchanged;
        self.conflict_total += progress.conflicts.len() as u64;
        if !progress.conflicts.is_empty() {
            self.kept += progress.conflicts.len();
            self.conflicts.insert(chunk, progress.conflicts);
        }
        // Only the first are listed; a chunk that is still under way may come before these, never after.
        while let Some(last) = self.conflicts.last_entry()
            && self.kept - last.get().len() >= MAX_LISTED_CONFLICTS
        {
            self.kept -= last.remove().len();
        }
        Ok(())
    }

    pub(super) async fn end(mut self, plan: &Plan, rejected: u64) -> Result<Outcome> {
        while !self.under_way.is_empty() {
            self.next().await?;
        }
        let conflicts = std::mem::take(&mut self.conflicts);
        let conflicts = conflicts.into_values().flatten().collect();
        let Progress {
            inserted,
            updated,
            unchanged,
            ..
        } = self.total;
        Ok(Outcome {
            import_id: self.work.held.import_id.clone(),
            state: State::Committed,
            read: inserted + updated + unchanged + self.conflict_total + rejected,
            inserted,
            updated,
            unchanged,
            conflict_total: self.conflict_total,
            conflicts: progress::listed(conflicts, plan),
            rejected,
            removed: 0,
        })
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        if let Some(renewal) = &self.renewal {
            renewal.abort();
        }
    }
}

/// The error of a temporary file that cannot be written or read.
pub(super) fn unspooled(error: io::Error) -> Error {
    let message = "the temporary file with the rows of the import cannot be used";
    Error::new(ErrorKind::Sink, "sink/temporary-file", message)
        .with_source(error)
        .with_hint("it needs space in the temporary directory (TMPDIR; /tmp of a Lambda function has 512 MB unless told otherwise)")
}
