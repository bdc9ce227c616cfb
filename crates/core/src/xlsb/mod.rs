//! Stub.
#![allow(unused)]
use crate::{
    book::{Book, SheetBody, SheetInfo},
    error::{Error, Result},
    xlsx::Package,
};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct XlsbBook;

impl XlsbBook {
    pub(crate) fn open(package: Package, part: &str) -> Result<Self> {
        Err(Error::unsupported("not read yet"))
    }
}

impl Book for XlsbBook {
    fn sheets(&self) -> &[SheetInfo] {
        &[]
    }

    fn open(&self, sheet: usize) -> Result<Box<dyn SheetBody>> {
        Err(Error::unsupported("not read yet"))
    }
}
