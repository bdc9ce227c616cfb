//! Stub.
#![allow(unused)]
use crate::{
    book::{Book, SheetBody, SheetInfo},
    error::{Error, Result},
    limits::Budget,
    source::Source,
};
use std::sync::Arc;

/// How a text file is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CsvOptions {
    /// Its encoding, by a label such as `utf-8` or `windows-1252`. Default: detected.
    pub encoding: Option<String>,
    /// What parts the fields. Default: detected.
    pub delimiter: Option<u8>,
    /// What quotes a field. Default: `"`.
    pub quote: Option<u8>,
}

#[derive(Debug)]
pub(crate) struct CsvBook;

impl CsvBook {
    pub(crate) fn open(source: &Source, options: &CsvOptions, budget: Arc<Budget>) -> Result<Self> {
        Err(Error::unsupported("not read yet"))
    }
}

impl Book for CsvBook {
    fn sheets(&self) -> &[SheetInfo] {
        &[]
    }

    fn open(&self, sheet: usize) -> Result<Box<dyn SheetBody>> {
        Err(Error::unsupported("not read yet"))
    }
}
