//! `sheetlift cells`

use std::io::{self, BufWriter};

use sheetlift::{Limits, ReadOptions, Result};

use crate::{args::CellsArgs, exit::Status, interrupt, read};

pub(crate) fn run(args: &CellsArgs, limits: &Limits) -> Result<Status> {
    let job = read::job(&args.file, &args.open, limits, interrupt::token())?;
    let mut options = ReadOptions::default().with_display_text(args.display_text);
    if let Some(range) = &args.range {
        options = options.with_cells(range);
    }
    if let Some(sheet) = &args.sheet {
        options.sheet = job.sheet_called(sheet)?;
    }
    job.with_read(options)
        .cells(BufWriter::with_capacity(1 << 16, io::stdout().lock()))?;
    Ok(Status::Clean)
}
