//! A progress line on a terminal; nothing in a pipe.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use sheetlift::{Job, Progress};

/// A line with rows, rows per second and the time that is left, gone when it is dropped.
pub(crate) struct ProgressLine(Option<ProgressBar>);

impl ProgressLine {
    /// Watches a job.
    pub(crate) fn watch(job: Job, what: &str) -> (Job, ProgressLine) {
        if !io::stderr().is_terminal() {
            return (job, ProgressLine(None));
        }
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        bar.set_style(style("{spinner} {msg}"));
        bar.enable_steady_tick(Duration::from_millis(120));
        let shown = bar.clone();
        let job = job.with_progress(move |progress| show(&shown, progress));
        (job, ProgressLine(Some(bar)))
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn show(bar: &ProgressBar, progress: Progress) {
    if bar.position() == 0 {
        match progress.rows_expected {
            Some(rows) => {
                bar.set_length(rows);
                bar.set_style(style(
                    "{spinner} {msg} {wide_bar} {human_pos} of {human_len} rows, {per_sec}, {eta} left",
                ));
            }
            None => bar.set_style(style("{spinner} {msg} {human_pos} rows, {per_sec}")),
        }
    }
    // What a sheet declares is a guess: never show more than all.
    if bar
        .length()
        .is_some_and(|length| length < progress.rows_read)
    {
        bar.set_length(progress.rows_read);
    }
    bar.set_position(progress.rows_read);
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
