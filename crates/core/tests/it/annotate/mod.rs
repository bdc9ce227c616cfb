//! A copy with marks: the same workbook but for what is marked.

mod support;

mod comments;
mod files;
mod kept;
mod list;
mod sheets;
