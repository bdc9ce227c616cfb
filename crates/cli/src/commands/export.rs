//! `sheetlift contract export`

use std::{io::Write, path::Path};

use sheetlift::{Contract, Error, Result, contract_ddl, template_xlsx};

use crate::{
    args::ExportArgs,
    exit::Status,
    numbers::count,
    output::{Output, is_stdout, keep_apart, note, write_text},
};

pub(crate) fn run(args: &ExportArgs) -> Result<Status> {
    keep_apart(args.output.as_deref(), [&*args.contract])?;
    let contract = match &args.resource {
        Some(name) => Contract::from_path_named(&args.contract, name)?,
        None => Contract::from_path(&args.contract)?,
    };
    let path = args.output.as_deref().unwrap_or(Path::new("-"));
    match args.to.as_str() {
        "json-schema" => write_text(path, &format!("{:#}\n", contract.row_schema()))?,
        "ddl" => write_text(path, &contract_ddl(&contract, args.table.as_deref())?)?,
        _ => write_workbook(path, &template_xlsx(&contract)?)?,
    }
    if !is_stdout(path) {
        let fields = count(contract.fields.len() as u64, "field");
        note(&format!("{}: {fields}", path.display()));
    }
    Ok(Status::Clean)
}

fn write_workbook(path: &Path, bytes: &[u8]) -> Result<()> {
    if is_stdout(path) {
        let error = Error::usage("usage/output", "a workbook is not printed");
        return Err(error.with_hint("say where it goes: -o template.xlsx"));
    }
    let output = Output::create(path)?;
    let mut writer = output.writer()?;
    let written = writer.write_all(bytes).and_then(|()| writer.flush());
    written.map_err(|error| Error::io(error, format_args!("cannot write {}", path.display())))?;
    output.publish()
}
