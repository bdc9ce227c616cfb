//! Stub.
#![allow(unused)]
use crate::{
    book::{Book, SheetBody, SheetInfo},
    error::{Error, Result},
    xlsx::Package,
};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct OdsBook;

impl OdsBook {
    pub(crate) fn is_one(_package: &Package) -> bool {
        false
    }
    pub(crate) fn open(package: Package) -> Result<Self> {
        Err(Error::unsupported("not read yet"))
    }
}

impl Book for OdsBook {
    fn sheets(&self) -> &[SheetInfo] {
        &[]
    }

    fn open(&self, sheet: usize) -> Result<Box<dyn SheetBody>> {
        Err(Error::unsupported("not read yet"))
    }
}
