//! The sample inventory as jobs.
#![allow(dead_code)] // each test file uses its own part

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use sheetlift::{Contract, Job, Sink, connect};
use sheetlift_fixtures::inventory;
use tempfile::TempDir;

pub(crate) fn contract() -> Contract {
    inventory::contract_json().parse().unwrap()
}

pub(crate) fn job(bytes: Vec<u8>) -> Job {
    Job::from_bytes(bytes, "items.xlsx").unwrap()
}

/// The dirty inventory under its contract.
pub(crate) fn dirty() -> Job {
    job(inventory::dirty_inventory()).with_contract(contract())
}

/// A database that is gone with its directory.
pub(crate) fn sink() -> (TempDir, Box<dyn Sink>) {
    let dir = tempfile::tempdir().unwrap();
    let sink = connect(&format!(
        "sqlite:{}",
        dir.path().join("inventory.db").display()
    ))
    .unwrap();
    (dir, sink)
}

/// A line of findings as its finding stands in a report.
pub(crate) fn without_place(line: &serde_json::Value) -> serde_json::Value {
    let mut line = line.clone();
    for name in ["import_id", "seq"] {
        line.as_object_mut().unwrap().shift_remove(name).unwrap();
    }
    line
}

/// Keeps what is written.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let bytes = self.0.lock().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

impl Write for Lines {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
