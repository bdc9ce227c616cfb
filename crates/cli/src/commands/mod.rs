//! One file per command.

pub(crate) mod bench;
pub(crate) mod cells;
pub(crate) mod completions;
pub(crate) mod contract;
pub(crate) mod convert;
pub(crate) mod export;
pub(crate) mod from_table;
pub(crate) mod history;
pub(crate) mod infer;
pub(crate) mod inspect;
pub(crate) mod load;
pub(crate) mod replay;
pub(crate) mod undo;
pub(crate) mod validate;
