//! One import into files, from the look at its manifest to the making of one.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter;

use super::FilesSink;
use super::cut::{Bite, Cutter, bites};
use super::encode::key_text;
use super::fault::{fault, io_fault};
use super::fit::{self, Column, Refusal};
use super::manifest::{self, Files, Manifest};
use super::names::Layout;
use super::parts::Parts;
use super::side::{Line, Side, place};
use super::upload::{Uploader, Whole};
use crate::cells::check_batch;
use crate::error::{Error, Result};
use crate::mode::Mode;
use crate::outcome::{MAX_LISTED_CONFLICTS, Outcome, Reject, RowConflict, State};
use crate::plan::Plan;
use crate::sink::{Begin, Import};

/// Names that begin with `_` are skipped by readers who take a folder for a table.
const REJECTS: &str = "_rejects.ndjson";
const CONFLICTS: &str = "_conflicts.ndjson";
/// The code of rows that the files cannot hold.
const TARGET_CONSTRAINT: &str = "load/target-constraint";

/// Finds the import of a plan done, or claims it. Two loaders may hold the same import: the first to create the manifest wins.
pub(super) fn begin(sink: &FilesSink, plan: &Plan) -> Result<Begin> {
    plan.check()?;
    check_mode(plan)?;
    let columns = fit::columns(plan)?;
    let schema = fit::schema(&columns);
    let import_id = plan.import_key.import_id();
    let layout = Layout::new(&sink.prefix, &plan.table, &import_id);
    if let Some(found) = sink.find(&layout)? {
        let manifest = Manifest::parse(&found, &sink.shown, &import_id)?;
        return Ok(Begin::Done(already_loaded(manifest)));
    }
    Ok(Begin::Claimed(Box::new(FilesImport {
        sink: sink.clone(),
        plan: plan.clone(),
        cutter: Cutter::new(Arc::clone(&schema)),
        columns,
        schema,
        import_id,
        layout,
        uploader: None,
        parts: Parts::new(sink.format),
        rejects: Side::new(REJECTS),
        conflicts: Side::new(CONFLICTS),
        is_broken: false,
        read: 0,
        rejected: 0,
        conflict_total: 0,
        listed: Vec::new(),
    })))
}

/// Nothing that would need the rows that are there.
fn check_mode(plan: &Plan) -> Result<()> {
    if !matches!(plan.mode, Mode::Insert | Mode::Append) {
        return Err(Error::usage(
            "usage/files-mode",
            format!(
                "mode {} has to know the rows that are there, and the files sink reads none",
                plan.mode
            ),
        )
        .with_hint(
            "use mode append or insert, which keep every row; for the others load into a database",
        ));
    }
    if let Some(reference) = plan.references.first() {
        return Err(Error::usage(
            "usage/files-references",
            format!(
                "the plan refers to table {:?}, and the files sink reads none",
                reference.table
            ),
        )
        .with_hint("leave the reference out, or load into a database"));
    }
    Ok(())
}

fn already_loaded(manifest: Manifest) -> Outcome {
    Outcome {
        state: State::AlreadyLoaded,
        ..manifest.outcome
    }
}

struct FilesImport {
    sink: FilesSink,
    plan: Plan,
    columns: Vec<Column>,
    schema: SchemaRef,
    import_id: String,
    layout: Layout,
    /// None before the first byte.
    uploader: Option<Uploader>,
    cutter: Cutter,
    parts: Parts,
    rejects: Side,
    conflicts: Side,
    is_broken: bool,
    /// Rows handed to `stage`.
    read: u64,
    rejected: u64,
    conflict_total: u64,
    /// The conflicts with the lowest row numbers, and some more.
    listed: Vec<RowConflict>,
}

impl FilesImport {
    /// Refuses to go on after a failure.
    fn enter(&mut self) -> Result<()> {
        if self.is_broken {
            return Err(Error::usage(
                "usage/broken-import",
                "an earlier step of this import failed",
            )
            .with_hint("drop the import and begin again"));
        }
        self.is_broken = true;
        if self.uploader.is_none() {
            let opened = self
                .sink
                .place
                .write(&self.sink.shown, &self.layout.folder())?;
            self.uploader = Some(Uploader::new(
                opened,
                &self.sink.background,
                &self.sink.shown,
            ));
        }
        Ok(())
    }

    fn take_bite(&mut self, batch: &RecordBatch, rows: &[u32]) -> Result<()> {
        let (arrays, refusals) = fit::fit(batch, &self.columns, self.sink.format)?;
        if refusals.is_empty() {
            return self.take_rows(arrays);
        }
        for refusal in &refusals {
            self.refuse(batch, refusal, rows[refusal.row])?;
        }
        let mut keep = vec![true; batch.num_rows()];
        for refusal in &refusals {
            keep[refusal.row] = false;
        }
        let keep = BooleanArray::from(keep);
        // The columns may hold empty values in the rows that go, and so have no schema yet.
        let kept = arrays.iter().map(|array| filter(array, &keep));
        let kept: std::result::Result<Vec<ArrayRef>, _> = kept.collect();
        self.take_rows(
            kept.map_err(|e| Error::bug("rows cannot be taken out of a batch").with_source(e))?,
        )
    }

    fn take_rows(&mut self, arrays: Vec<ArrayRef>) -> Result<()> {
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map_err(|e| Error::bug("fitted columns do not fit").with_source(e))?;
        for unit in self.cutter.push(&rows)? {
            let uploader = uploader(&mut self.uploader)?;
            self.parts
                .write(&unit, &self.schema, &self.columns, uploader, &self.layout)?;
        }
        Ok(())
    }

    /// Notes a row that the files cannot hold.
    fn refuse(&mut self, batch: &RecordBatch, refusal: &Refusal, row: u32) -> Result<()> {
        let key = key_text(batch, &self.columns, refusal.row)?;
        self.note(row, key, refusal.column, &refusal.reason)
    }

    fn note(&mut self, row: u32, key: String, column: usize, reason: &str) -> Result<()> {
        let (part, row) = place(&self.plan, row);
        let line = Line {
            import_id: &self.import_id,
            part,
            row,
            codes: &[TARGET_CONSTRAINT.to_owned()],
            column: Some(&self.columns[column].name),
            reason,
            raw: None,
            key: Some(&key),
        };
        self.conflicts
            .write(uploader(&mut self.uploader)?, &self.layout, &line)?;
        self.conflict_total += 1;
        self.listed.push(RowConflict {
            part: part.map(str::to_owned),
            row,
            code: TARGET_CONSTRAINT.to_owned(),
            column: Some(self.columns[column].name.clone()),
            key,
            reason: reason.to_owned(),
        });
        if self.listed.len() >= 2 * MAX_LISTED_CONFLICTS {
            self.sort_listed();
        }
        Ok(())
    }

    /// Keeps the conflicts that an outcome lists.
    fn sort_listed(&mut self) {
        let parts = &self.plan.parts;
        let place = |conflict: &RowConflict| {
            (
                parts
                    .iter()
                    .position(|part| Some(part) == conflict.part.as_ref()),
                conflict.row,
            )
        };
        self.listed.sort_by_key(place);
        self.listed.truncate(MAX_LISTED_CONFLICTS);
    }

    /// Sends what is left, and gives the files that now wait for their names.
    fn finish(&mut self) -> Result<(Vec<Whole>, Files)> {
        let uploader = uploader(&mut self.uploader)?;
        if let Some(unit) = self.cutter.take()? {
            self.parts
                .write(&unit, &self.schema, &self.columns, uploader, &self.layout)?;
        }
        let (mut whole, parts) = self.parts.finish(uploader, &self.layout)?;
        let mut side = |side: &mut Side, uploader: &mut Uploader| -> Result<_> {
            let (file, entry) = side.finish(uploader, &self.layout)?.unzip();
            whole.extend(file);
            Ok(entry)
        };
        let finished = side(&mut self.rejects, uploader)
            .and_then(|rejects| Ok((rejects, side(&mut self.conflicts, uploader)?)));
        let arrived = finished.and_then(|finished| uploader.arrive().map(|()| finished));
        match arrived {
            Ok((rejects, conflicts)) => Ok((
                whole,
                Files {
                    parts,
                    rejects,
                    conflicts,
                },
            )),
            Err(error) => {
                uploader.drain();
                uploader.abort(whole);
                Err(error)
            }
        }
    }

    fn outcome(&mut self, state: State) -> Outcome {
        self.sort_listed();
        Outcome {
            import_id: self.import_id.clone(),
            state,
            read: self.read + self.rejected,
            inserted: self.read - self.conflict_total,
            updated: 0,
            unchanged: 0,
            conflict_total: self.conflict_total,
            conflicts: std::mem::take(&mut self.listed),
            rejected: self.rejected,
            removed: 0,
        }
    }

    /// Gives the files their names and creates the manifest, unless another loader was faster.
    fn publish(&mut self, whole: Vec<Whole>, manifest: Manifest) -> Result<Outcome> {
        let body = manifest.to_bytes()?;
        let uploader = uploader(&mut self.uploader)?;
        let found = self.sink.find(&self.layout);
        if !matches!(found, Ok(None)) {
            uploader.abort(whole);
            let found = found?.unwrap_or_default();
            return Manifest::parse(&found, &self.sink.shown, &self.import_id).map(already_loaded);
        }
        let path = self.layout.manifest();
        let completed = uploader.complete(whole).and_then(|()| {
            let folders = [self.layout.folder(), self.layout.manifests()];
            let settled = folders
                .iter()
                .try_for_each(|folder| uploader.opened.settle(folder));
            settled.map_err(io_fault(&self.sink.shown, "writing to"))
        });
        if let Err(error) = completed {
            // A loader that won the race may have swept our files away.
            return match self.sink.find(&self.layout) {
                Ok(Some(found)) => {
                    Manifest::parse(&found, &self.sink.shown, &self.import_id).map(already_loaded)
                }
                _ => Err(error),
            };
        }
        let opened = Arc::clone(&uploader.opened);
        let created = self
            .sink
            .background
            .run(async move { manifest::create(&opened, &path, &body).await })?;
        match created.map_err(fault(&self.sink.shown, "committing the import into"))? {
            None => {
                let opened = &uploader.opened;
                opened.sweep(&self.layout.folder(), "");
                opened.sweep(&self.layout.manifests(), &self.import_id);
                Ok(manifest.outcome)
            }
            Some(theirs) => {
                let settled = self.sink.place.settle(&self.layout.manifests());
                settled.map_err(io_fault(&self.sink.shown, "syncing"))?;
                let theirs = Manifest::parse(&theirs, &self.sink.shown, &self.import_id)?;
                match manifest.differs_from(&theirs) {
                    None => Ok(already_loaded(theirs)),
                    Some(path) => Err(Error::new(
                        crate::ErrorKind::Sink,
                        "sink/parts-differ",
                        format!("two loaders of one import in {} wrote {path} differently at the same time", self.sink.shown),
                    )
                    .with_hint("run one release of sheetlift only; remove the manifest of the import and load it again")),
                }
            }
        }
    }

    /// Throws away what has no name yet.
    fn abandon(&mut self) {
        let Some(mut uploader) = self.uploader.take() else {
            return;
        };
        uploader.drain();
        let mut files = self.parts.take_unfinished();
        files.extend(self.rejects.take_unfinished());
        files.extend(self.conflicts.take_unfinished());
        uploader.abort(files);
        uploader.opened.tidy();
    }
}

impl Import for FilesImport {
    fn import_id(&self) -> &str {
        &self.import_id
    }

    fn stage(&mut self, batch: &RecordBatch, rows: &[u32]) -> Result<()> {
        let columns = self
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.class));
        check_batch(batch, rows, columns)?;
        self.enter()?;
        for bite in bites(batch)? {
            match bite {
                Bite::Rows(range) => {
                    self.take_bite(&batch.slice(range.start, range.len()), &rows[range])?
                }
                Bite::TooLarge { row, column, bytes } => {
                    let reason = format!(
                        "column {:?} holds {bytes} bytes, more than the 1 GiB of a cell",
                        self.columns[column].name
                    );
                    self.note(rows[row], String::new(), column, &reason)?;
                }
            }
        }
        self.read += rows.len() as u64;
        self.is_broken = false;
        Ok(())
    }

    fn reject(&mut self, rejects: &[Reject]) -> Result<()> {
        self.enter()?;
        for reject in rejects {
            let (part, row) = place(&self.plan, reject.row);
            let line = Line {
                import_id: &self.import_id,
                part,
                row,
                codes: &reject.codes,
                column: None,
                reason: &reject.reason,
                raw: Some(&reject.raw),
                key: None,
            };
            self.rejects
                .write(uploader(&mut self.uploader)?, &self.layout, &line)?;
        }
        self.rejected += rejects.len() as u64;
        self.is_broken = false;
        Ok(())
    }

    fn commit(mut self: Box<Self>, dry_run: bool) -> Result<Outcome> {
        self.enter()?;
        self.plan
            .check_rejected(self.rejected, self.read + self.rejected)?;
        let (whole, files) = self.finish()?;
        if dry_run {
            uploader(&mut self.uploader)?.abort(whole);
            return Ok(self.outcome(State::DryRun));
        }
        let outcome = self.outcome(State::Committed);
        let manifest = Manifest::new(&self.plan, self.sink.format, &self.schema, files, outcome);
        self.publish(whole, manifest)
    }
}

impl Drop for FilesImport {
    /// After a commit there is nothing without a name left.
    fn drop(&mut self) {
        self.abandon();
    }
}

fn uploader(uploader: &mut Option<Uploader>) -> Result<&mut Uploader> {
    uploader
        .as_mut()
        .ok_or_else(|| Error::bug("an import writes before its place is open"))
}
