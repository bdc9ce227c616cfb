//! Ctrl-C stops a job between two windows of rows; a second one stops the process.

use sheetlift::CancelToken;

/// The exit code of an interrupted command.
const INTERRUPTED: i32 = 130;

/// A token that Ctrl-C (and `SIGTERM`) pulls.
pub(crate) fn token() -> CancelToken {
    let token = CancelToken::new();
    let pulled = token.clone();
    // Without a handler the process ends at once, which is as safe: nothing is visible before the commit.
    let _ = ctrlc::set_handler(move || {
        if pulled.is_cancelled() {
            std::process::exit(INTERRUPTED);
        }
        pulled.cancel();
    });
    token
}
