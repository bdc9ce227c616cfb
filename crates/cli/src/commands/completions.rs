//! `sheetlift completions`

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use sheetlift::Result;

use crate::{args::Args, exit::Status, output::print};

pub(crate) fn run(shell: Shell) -> Result<Status> {
    let mut script = Vec::new();
    generate(shell, &mut Args::command(), "sheetlift", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Status::Clean)
}
