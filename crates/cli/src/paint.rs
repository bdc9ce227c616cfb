//! Colours, where somebody can see them.

use std::{env, fmt, io, io::IsTerminal};

/// Paints text, or leaves it alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    pub(crate) fn stdout() -> Paint {
        Paint::on_terminal(io::stdout().is_terminal())
    }

    pub(crate) fn stderr() -> Paint {
        Paint::on_terminal(io::stderr().is_terminal())
    }

    /// See <https://no-color.org>.
    fn on_terminal(is_terminal: bool) -> Paint {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Paint {
            on: is_terminal && !refused && !dumb,
        }
    }

    pub(crate) fn bold(self, text: impl fmt::Display) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: impl fmt::Display) -> String {
        self.paint("2", text)
    }

    pub(crate) fn red(self, text: impl fmt::Display) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn green(self, text: impl fmt::Display) -> String {
        self.paint("32", text)
    }

    pub(crate) fn cyan(self, text: impl fmt::Display) -> String {
        self.paint("36", text)
    }

    fn paint(self, code: &str, text: impl fmt::Display) -> String {
        if self.on {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}
