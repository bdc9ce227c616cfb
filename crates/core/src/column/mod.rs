//! Cells to typed columns. Has not heard of XML.

pub(crate) mod build;
mod build_decimal;
mod build_text;
pub(crate) mod cell;
pub(crate) mod dates;
pub(crate) mod display;
pub(crate) mod kind;
pub(crate) mod literal;
pub(crate) mod piece;
pub(crate) mod rewrite;
pub(crate) mod strings;
mod text;
pub(crate) mod window;

pub use build::{Repair, build_column};
pub use cell::{Cell, Tag, TagSet};
pub use dates::{DateSystem, duration_micros, time_micros};
pub use display::cell_text;
pub use kind::{ColumnKind, TextRepr};
pub use strings::{StringId, StringTable};
pub use window::{ColumnView, Window};
