//! What can be said on the command line.

use std::{env, path::PathBuf};

use clap::{
    Args as ClapArgs, Parser, Subcommand,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use sheetlift::{Error, Limits, Missing, Mode, Result, parse_limit, parse_missing};

/// Spreadsheets into inventory databases: every good row exactly once, every bad cell by its address.
#[derive(Debug, Parser)]
#[command(name = "sheetlift", version, about, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// What a file may ask of us, by name, separated by commas: max_rows=100000, max_part_bytes=64MiB; SHEETLIFT_LIMIT in the
    /// environment sets those that are not given here
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    #[arg(value_delimiter = ',', value_parser = limit)]
    set_limit: Vec<(String, u64)>,
}

impl Args {
    /// The limits of every file: those of the environment, and over them those of the command line.
    pub(crate) fn limits(&self) -> Result<Limits> {
        let mut limits = Limits::default();
        let variable = env::var_os("SHEETLIFT_LIMIT").unwrap_or_default();
        if !variable.is_empty() {
            for text in variable.to_string_lossy().split(',') {
                let (name, value) = parse_limit(text).map_err(|error| {
                    Error::usage(error.code(), format!("SHEETLIFT_LIMIT: {error}"))
                        .with_hint(error.hint().unwrap_or_default())
                })?;
                limits.set(&name, value)?;
            }
        }
        for (name, value) in &self.set_limit {
            limits.set(name, *value)?;
        }
        Ok(limits)
    }
}

fn limit(text: &str) -> Result<(String, u64), String> {
    let limit = parse_limit(text);
    limit.map_err(|error| format!("{error}; {}", error.hint().unwrap_or_default()))
}

const EXIT_CODES: &str = "\
Exit codes:
  0    everything went well
  1    rows were rejected, now or when this import was loaded
  2    an option, the contract or the target table has to change
  3    the file is damaged, encrypted or of a kind that is not read
  4    a limit was passed
  5    disk, network or database failed, or somebody else is loading: try again
  70   a defect in sheetlift
  130  interrupted; nothing was loaded";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what is in a workbook: sheets, columns, types, tables, names
    Inspect(InspectArgs),
    /// Write a sheet as Parquet, Arrow, CSV or NDJSON
    Convert(ConvertArgs),
    /// Print every cell as a line of JSON, as the file has it
    Cells(CellsArgs),
    /// Make contracts, and check them
    #[command(subcommand)]
    Contract(ContractCommand),
    /// Hold the rows of a sheet to a contract
    Validate(ValidateArgs),
    /// Load the good rows of a sheet into a database, once
    Load(LoadArgs),
    /// List what was loaded into a database, the newest first
    History(HistoryArgs),
    /// Load what now passes out of the rows that a load rejected, or that its table refused
    Replay(ReplayArgs),
    /// Take a load back: its new rows go, changed rows are as they were, and what others did since stays
    Undo(UndoArgs),
    /// Measure how fast a sheet is read into Arrow
    Bench(BenchArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContractCommand {
    /// Propose a contract from a sheet that is good
    Infer(InferArgs),
    /// Say everything that is wrong with a contract
    Check(CheckArgs),
    /// Say what changes from one contract to another; exits with 1 if a good file may be bad then
    Diff(DiffArgs),
    /// Say a contract in another language: JSON Schema, SQL, or a workbook to fill in
    Export(ExportArgs),
    /// Propose a contract for rows that are to go into a table of a database
    FromTable(FromTableArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExportArgs {
    /// The contract, as JSON or YAML
    pub(crate) contract: PathBuf,
    /// json-schema: of an accepted row, draft 2020-12; ddl: CREATE TABLE with keys and checks; template.xlsx: a workbook with the
    /// header, comments, drop-down lists, validations and formats
    #[arg(long, value_name = "LANGUAGE", value_parser = ["json-schema", "ddl", "template.xlsx"])]
    pub(crate) to: String,
    /// Where to write [default: standard output, but for a workbook]
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,
    /// Whose SQL a ddl is
    #[arg(long, value_name = "DATABASE", default_value = "sqlite", value_parser = ["sqlite"])]
    pub(crate) dialect: String,
    /// Table of a ddl [default: what the contract says]
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Option<String>,
    /// Which resource of a package
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FromTableArgs {
    /// The database, such as sqlite:inventory.db
    pub(crate) database: String,
    /// The table, or view
    pub(crate) table: String,
    /// Where to write the contract [default: standard output]
    #[arg(short, long, value_name = "CONTRACT")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    /// The contract, as JSON or YAML
    pub(crate) contract: PathBuf,
    /// Which resource of a package
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DiffArgs {
    /// The contract as it was
    pub(crate) old: PathBuf,
    /// The contract as it will be
    pub(crate) new: PathBuf,
    /// Which resource of packages
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InspectArgs {
    /// The workbook
    pub(crate) file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Read every row, to count them and to know the types for certain
    #[arg(long)]
    pub(crate) full: bool,
    #[command(flatten)]
    pub(crate) open: OpenArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CellsArgs {
    /// The workbook
    pub(crate) file: PathBuf,
    /// Sheet, by name or by its place counted from 1 [default: the one that --range names, or all, hidden ones too]
    #[arg(long, value_name = "SHEET")]
    pub(crate) sheet: Option<String>,
    /// Cells: B2:F100, B:F, 2:100, B2: to the end, or the name of a table or range
    #[arg(long, value_name = "RANGE")]
    pub(crate) range: Option<String>,
    /// Print numbers shown as identifiers (00000) as the text that is shown
    #[arg(long)]
    pub(crate) display_text: bool,
    #[command(flatten)]
    pub(crate) open: OpenArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ConvertArgs {
    /// The workbook, or several, which become one table
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Where to write: a file ending in .parquet, .arrow, .csv or .ndjson, or - for standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Format, when the name of the output does not tell: parquet, arrow, csv, ndjson
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Convert every visible sheet of cells, not the first one only
    #[arg(long, conflicts_with = "sheet")]
    pub(crate) all_sheets: bool,
    /// Add where each row is from: source_file, source_sheet, source_row
    #[arg(long)]
    pub(crate) with_source: bool,
    /// Write only the rows that this contract accepts, in its types; for one sheet
    #[arg(long, value_name = "CONTRACT")]
    pub(crate) contract: Option<PathBuf>,
    /// Which resource of a package the contract is [default: the only one, or the one whose path is this file]
    #[arg(long, value_name = "NAME", requires = "contract")]
    pub(crate) resource: Option<String>,
    /// Write the report on the others, by the end of its name: .json, .html, .csv, .parquet, .ndjson, .xml (JUnit), .sarif; may be
    /// given several times
    #[arg(long, value_name = "REPORT", requires = "contract")]
    pub(crate) report: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct BenchArgs {
    /// The workbook
    pub(crate) file: PathBuf,
    /// Times to read it; the median counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) runs: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// How to open a file.
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct OpenArgs {
    /// Password of a protected workbook
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "SHEETLIFT_PASSWORD",
        hide_env_values = true
    )]
    pub(crate) password: Option<String>,
    /// Encoding of a text file, such as windows-1252 [default: detected]
    #[arg(long, value_name = "LABEL")]
    pub(crate) encoding: Option<String>,
    /// What parts the fields of a text file: one character, or tab [default: detected]
    #[arg(long, value_name = "CHARACTER")]
    pub(crate) delimiter: Option<String>,
}

/// What to read, and as what.
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct ReadArgs {
    /// Sheet, by name or by its place counted from 1 [default: what the contract says, or else the first visible one]
    #[arg(long, value_name = "SHEET")]
    pub(crate) sheet: Option<String>,
    /// Cells: B2:F100, B:F, 2:100, B2: to the end, or the name of a table or range
    #[arg(long, value_name = "RANGE")]
    pub(crate) range: Option<String>,
    /// Columns, by name or letter, separated by commas
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) columns: Option<String>,
    /// Rows to read at most
    #[arg(long, value_name = "ROWS")]
    pub(crate) limit: Option<u64>,
    /// Where the names of the columns are: first, none, a row number, or rows such as 1-2 [default: first]
    #[arg(long, value_name = "first|none|ROW")]
    pub(crate) header: Option<String>,
    /// Leave hidden lines out: rows, columns or all
    #[arg(long, value_name = "WHICH")]
    pub(crate) skip_hidden: Option<String>,
    /// Give the value of merged cells to the others: down, right or all
    #[arg(long, value_name = "WHERE")]
    pub(crate) fill_merged: Option<String>,
    /// Read numbers shown as identifiers (00000) as the text that is shown
    #[arg(long)]
    pub(crate) display_text: bool,
    /// Types of columns: sku=text,qty=int; bool, int, float, decimal(12,2), date, timestamp, time, duration, text
    #[arg(long, value_name = "NAME=TYPE,...")]
    pub(crate) types: Option<String>,
    /// Threads [default: one per core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// How texts are represented in Arrow and Parquet [default: view]
    #[arg(long, value_name = "KIND", value_parser = ["view", "utf8", "dictionary"])]
    pub(crate) strings: Option<String>,
    #[command(flatten)]
    pub(crate) open: OpenArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct InferArgs {
    /// The workbook
    pub(crate) file: PathBuf,
    /// Where to write the contract [default: standard output]
    #[arg(short, long, value_name = "CONTRACT")]
    pub(crate) output: Option<PathBuf>,
    /// Propose the smallest and the largest value of each column as minimum and maximum, not only that numbers are not below 0
    #[arg(long)]
    pub(crate) ranges: bool,
    /// Sheet, by name or by its place counted from 1 [default: what the contract says, or else the first visible one]
    #[arg(long, value_name = "SHEET")]
    pub(crate) sheet: Option<String>,
    /// Cells: B2:F100, B:F, 2:100, B2: to the end, or the name of a table or range
    #[arg(long, value_name = "RANGE")]
    pub(crate) range: Option<String>,
    /// Where the names of the columns are: first, none, a row number, or rows such as 1-2 [default: first]
    #[arg(long, value_name = "first|none|ROW")]
    pub(crate) header: Option<String>,
    #[command(flatten)]
    pub(crate) open: OpenArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ValidateArgs {
    /// The workbook
    pub(crate) file: PathBuf,
    /// The contract, as JSON or YAML
    #[arg(long, value_name = "CONTRACT")]
    pub(crate) contract: PathBuf,
    /// Which resource of a package the contract is [default: the only one, or the one whose path is this file]
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
    /// Write the report, by the end of its name: .json (all of it), .html (a page), .csv, .parquet, .ndjson (every finding),
    /// .xml (JUnit), .sarif; may be given several times
    #[arg(long, value_name = "REPORT")]
    pub(crate) report: Vec<PathBuf>,
    /// Write the rejected rows, with a column that says why, to be corrected and read again: an .xlsx file, or of a text file
    /// a .csv
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Write .json reports as this program does: frictionless (frictionless-py 5, `validate --json`)
    #[arg(long, value_name = "PROGRAM", requires = "report", value_parser = ["frictionless"])]
    pub(crate) compat: Option<String>,
    /// Write a copy of the workbook with the bad cells coloured and commented, and a sheet that lists all findings; everything else
    /// is kept
    #[arg(long, value_name = "OUT.xlsx")]
    pub(crate) annotated: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) open: OpenArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct LoadArgs {
    /// The workbook
    pub(crate) file: PathBuf,
    /// The contract, as JSON or YAML
    #[arg(long, value_name = "CONTRACT")]
    pub(crate) contract: PathBuf,
    /// Which resource of a package the contract is [default: the only one, or the one whose path is this file]
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
    /// The database: sqlite:FILE, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE; or files (with --mode append):
    /// file:DIR?format=parquet, s3://BUCKET/PREFIX?format=csv
    #[arg(long, value_name = "DATABASE", default_value = "sqlite:inventory.db")]
    pub(crate) to: String,
    /// Create the table when it is missing
    #[arg(long)]
    pub(crate) create_table: bool,
    /// What may be done to a table that does not fit: add, the columns that it lacks
    #[arg(long, value_name = "WHAT", value_parser = ["add"])]
    pub(crate) evolve: Option<String>,
    /// How rows meet those that are there [default: what the contract says, or else insert_missing]
    #[arg(long, value_name = "MODE", value_parser = modes())]
    pub(crate) mode: Option<Mode>,
    /// What becomes of rows of the table that the file lacks, with mode sync: keep, delete, or a column and the value it gets, such
    /// as active=false [default: what the contract says, or else keep]
    #[arg(long, value_name = "WHAT", value_parser = missing)]
    pub(crate) missing: Option<Missing>,
    /// The largest share of the table's rows, from 0 to 1, that the file may lack where --missing deletes or marks them; with more,
    /// nothing is loaded [default: what the contract says, or else 0.5]
    #[arg(long, value_name = "RATIO")]
    pub(crate) max_missing: Option<f64>,
    /// Keep nothing in the database that taking the load back would need
    #[arg(long)]
    pub(crate) no_undo: bool,
    /// Do everything but keep nothing: the numbers are those of a real load
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Target table [default: what the contract says]
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Option<String>,
    /// Write the report, by the end of its name: .json (all of it), .html (a page), .csv, .parquet, .ndjson (every finding),
    /// .xml (JUnit), .sarif; may be given several times
    #[arg(long, value_name = "REPORT")]
    pub(crate) report: Vec<PathBuf>,
    /// Write the rejected rows, with a column that says why, to be corrected and read again: an .xlsx file, or of a text file
    /// a .csv
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Write what became of each row, a line for each: sheet, row, key, created, updated, unchanged, conflict or rejected, code and
    /// reason; a .csv or .ndjson file
    #[arg(long, value_name = "FILE")]
    pub(crate) outcomes: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) open: OpenArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReplayArgs {
    /// The load whose rows are tried once more, as `sheetlift history` and reports call it
    pub(crate) import_id: String,
    /// The contract that they are held to now, as JSON or YAML
    #[arg(long, value_name = "CONTRACT")]
    pub(crate) contract: PathBuf,
    /// Which resource of a package the contract is [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(crate) resource: Option<String>,
    /// The database: sqlite:FILE, or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "DATABASE", default_value = "sqlite:inventory.db")]
    pub(crate) to: String,
    /// Create the table when it is missing
    #[arg(long)]
    pub(crate) create_table: bool,
    /// What may be done to a table that does not fit: add, the columns that it lacks
    #[arg(long, value_name = "WHAT", value_parser = ["add"])]
    pub(crate) evolve: Option<String>,
    /// How rows meet those that are there, but not replace [default: what the contract says, or else insert_missing]
    #[arg(long, value_name = "MODE", value_parser = modes())]
    pub(crate) mode: Option<Mode>,
    /// Keep nothing in the database that taking the replay back would need
    #[arg(long)]
    pub(crate) no_undo: bool,
    /// Do everything but keep nothing: the numbers are those of a real replay
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Target table [default: what the contract says]
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Option<String>,
    /// Write the report, by the end of its name: .json (all of it), .html (a page), .csv, .parquet, .ndjson (every finding),
    /// .xml (JUnit), .sarif; may be given several times
    #[arg(long, value_name = "REPORT")]
    pub(crate) report: Vec<PathBuf>,
    /// Write what became of each row, a line for each; a .csv or .ndjson file
    #[arg(long, value_name = "FILE")]
    pub(crate) outcomes: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct HistoryArgs {
    /// The database: sqlite:FILE, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE
    #[arg(long, value_name = "DATABASE", default_value = "sqlite:inventory.db")]
    pub(crate) to: String,
    /// Loads to list at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct UndoArgs {
    /// The load, as `sheetlift history` and reports call it
    pub(crate) import_id: String,
    /// The database: sqlite:FILE, postgres://USER@HOST/DATABASE or mysql://USER@HOST/DATABASE
    #[arg(long, value_name = "DATABASE", default_value = "sqlite:inventory.db")]
    pub(crate) to: String,
    /// Do everything but keep nothing: the numbers are those of a real undo
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn missing(text: &str) -> Result<Missing, String> {
    let missing = parse_missing(text);
    missing.map_err(|error| format!("{error}; {}", error.hint().unwrap_or_default()))
}

/// The modes there are; hyphens are read as well.
fn modes() -> impl TypedValueParser<Value = Mode> {
    let names = Mode::ALL.map(Mode::as_str);
    let values = names.map(|name| match name {
        "insert_missing" => PossibleValue::new(name).alias("insert-missing"),
        "update_only" => PossibleValue::new(name).alias("update-only"),
        _ => PossibleValue::new(name),
    });
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Mode>())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn modes_have_two_spellings() {
        for mode in ["insert_missing", "insert-missing"] {
            let args = [
                "sheetlift",
                "load",
                "a.xlsx",
                "--contract",
                "c.json",
                "--mode",
                mode,
            ];
            let Command::Load(load) = Args::try_parse_from(args).unwrap().command else {
                panic!()
            };
            assert_eq!(load.mode, Some(Mode::InsertMissing));
        }
    }
}
