//! A workbook into a SQLite database, and what was wrong with it.
//!
//! ```text
//! cargo run -p sheetlift --example load -- items.xlsx items.contract.json sqlite:inventory.db
//! ```
//!
//! A table that is missing is made. Without arguments it loads the sample inventory into a database in a temporary directory, twice.

use std::{env, error::Error};

use sheetlift::{Contract, Job, LoadOptions, Report, connect};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [file, contract, database] = &args[..] {
        show(&load(
            &Job::from_path(file)?,
            Contract::from_path(contract)?,
            database,
        )?);
        return Ok(());
    }
    let job = Job::from_bytes(
        sheetlift_fixtures::inventory::dirty_inventory(),
        "dirty_inventory.xlsx",
    )?;
    let contract: Contract = sheetlift_fixtures::inventory::contract_json().parse()?;
    let directory = tempfile::tempdir()?;
    let database = format!("sqlite:{}", directory.path().join("inventory.db").display());
    show(&load(&job, contract.clone(), &database)?);
    show(&load(&job, contract, &database)?);
    Ok(())
}

fn load(job: &Job, contract: Contract, database: &str) -> sheetlift::Result<Report> {
    let sink = connect(database)?;
    job.clone()
        .with_contract(contract)
        .load(&*sink, &LoadOptions::default().with_create_table(true))
}

fn show(report: &Report) {
    if let Some(load) = &report.load {
        println!(
            "{:?}: {} read, {} inserted, {} rejected, {} changed by this run",
            load.state,
            load.read,
            load.inserted,
            load.rejected,
            report.rows_changed()
        );
    }
    for finding in report.findings.iter().take(3) {
        println!("  {}: {}", finding.address(), finding.message);
    }
}
