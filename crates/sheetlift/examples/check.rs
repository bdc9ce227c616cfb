//! The rows that a contract accepts as a Parquet file, and the report on all of them.
//!
//! ```text
//! cargo run -p sheetlift --example check -- items.xlsx items.contract.json accepted.parquet report.json
//! ```

use std::{env, error::Error, fs, fs::File};

use sheetlift::{Contract, Format, Job};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [file, contract, accepted, report_file] = &args[..] else {
        return Err(
            "give a workbook, a contract, and names for the Parquet file and the report".into(),
        );
    };
    let job = Job::from_path(file)?.with_contract(Contract::from_path(contract)?);
    match job.convert(Format::from_extension(accepted)?, File::create(accepted)?) {
        Ok(converted) => {
            let report = converted.report.ok_or("a contract gives a report")?;
            println!(
                "{} of {} rows are good",
                report.rows.accepted, report.rows.read
            );
            fs::write(report_file, format!("{:#}", report.to_json()))?;
            Ok(())
        }
        Err(error) => {
            // Every error has a stable code, and a class that says who can mend it.
            eprintln!("{:?} {}: {error}", error.class(), error.code());
            Err(error.into())
        }
    }
}
