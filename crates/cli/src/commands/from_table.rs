//! `sheetlift contract from-table`

use std::path::Path;

use sheetlift::{Result, contract_from_table};

use crate::{
    args::FromTableArgs,
    exit::Status,
    numbers::count,
    output::{is_stdout, note, write_text},
};

pub(crate) fn run(args: &FromTableArgs) -> Result<Status> {
    let found = contract_from_table(&args.database, &args.table)?;
    let path = args.output.as_deref().unwrap_or(Path::new("-"));
    write_text(path, &format!("{:#}\n", found.contract.to_json()))?;
    for line in &found.notes {
        note(&format!("note: {line}"));
    }
    if !is_stdout(path) {
        let fields = count(found.contract.fields.len() as u64, "field");
        note(&format!("{}: {fields}", path.display()));
    }
    Ok(Status::Clean)
}
