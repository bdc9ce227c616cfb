//! How a run ends: the one place where errors become exit codes.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use sheetlift::{Error, ErrorClass, Report, Result};

use crate::paint::Paint;

/// How a run ended that could go on to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything went well.
    Clean,
    /// Rows were rejected, or refused by the target.
    Rejected,
}

impl Status {
    /// An import that was there already is judged by what it did then: its rejected rows are still not loaded, and a script
    /// that runs twice sees the same code twice.
    pub(crate) fn of(report: &Report) -> Status {
        if report.is_clean() {
            Status::Clean
        } else {
            Status::Rejected
        }
    }
}

/// Says what went wrong, and gives the code.
pub(crate) fn of(result: Result<Status>) -> ExitCode {
    let error = match result {
        Ok(Status::Clean) => return ExitCode::SUCCESS,
        Ok(Status::Rejected) => return ExitCode::from(1),
        Err(error) => error,
    };
    // Whoever reads our output has had enough: that is no failure.
    if is_broken_pipe(&error) {
        return ExitCode::SUCCESS;
    }
    complain(&error);
    ExitCode::from(match error.class() {
        ErrorClass::Caller => 2,
        ErrorClass::File => 3,
        ErrorClass::Limit => 4,
        ErrorClass::Environment => 5,
        ErrorClass::Cancelled => 130,
        _ => 70,
    })
}

pub(crate) fn is_broken_pipe(error: &Error) -> bool {
    error
        .io_error()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

pub(crate) fn complain(error: &Error) {
    let paint = Paint::stderr();
    let (word, code) = (paint.red("error:"), error.code());
    let mut text = format!("{word} {error}  [{code}]\n");
    if let Some(hint) = hint(error) {
        text += &format!("{} {hint}\n", paint.cyan("hint:"));
    }
    // Nobody is left to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// What the error says, or what its class has to say.
fn hint(error: &Error) -> Option<String> {
    if let Some(hint) = error.hint() {
        return Some(hint.to_owned());
    }
    let hint = match error.class() {
        ErrorClass::Caller => "see `sheetlift help` and the options of each command",
        ErrorClass::File => {
            "open the file in a spreadsheet program, save it as .xlsx, and try again"
        }
        ErrorClass::Limit => "split the file, or raise the limit",
        ErrorClass::Environment => match error.retry_after_ms() {
            Some(ms) => {
                return Some(format!(
                    "somebody else is at work; try again in {} s",
                    ms.div_ceil(1000)
                ));
            }
            None => {
                "check disk, permissions and database, then run the same command again: nothing is loaded twice"
            }
        },
        ErrorClass::Cancelled => "nothing was loaded; run the same command again to start afresh",
        _ => return None,
    };
    Some(hint.to_owned())
}
