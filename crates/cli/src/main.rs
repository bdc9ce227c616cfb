//! The `sheetlift` command: options in, one `sheetlift::Job`, a report or an error out.

mod annotated;
mod args;
mod commands;
mod exit;
mod interrupt;
mod numbers;
mod outcomes;
mod output;
mod paint;
mod progress;
mod read;
mod rejects;
mod reports;
mod summary;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, ContractCommand};

fn main() -> ExitCode {
    exit::of(run(Args::parse()))
}

fn run(args: Args) -> sheetlift::Result<exit::Status> {
    let limits = args.limits()?;
    match args.command {
        Command::Inspect(args) => commands::inspect::run(&args, &limits),
        Command::Cells(args) => commands::cells::run(&args, &limits),
        Command::Convert(args) => commands::convert::run(&args, &limits),
        Command::Contract(ContractCommand::Infer(args)) => commands::infer::run(&args, &limits),
        Command::Contract(ContractCommand::Check(args)) => commands::contract::check(&args),
        Command::Contract(ContractCommand::Diff(args)) => commands::contract::diff(&args),
        Command::Contract(ContractCommand::Export(args)) => commands::export::run(&args),
        Command::Contract(ContractCommand::FromTable(args)) => commands::from_table::run(&args),
        Command::Validate(args) => commands::validate::run(&args, &limits),
        Command::Load(args) => commands::load::run(&args, &limits),
        Command::History(args) => commands::history::run(&args),
        Command::Replay(args) => commands::replay::run(&args, &limits),
        Command::Undo(args) => commands::undo::run(&args),
        Command::Bench(args) => commands::bench::run(&args, &limits),
        Command::Completions { shell } => commands::completions::run(shell),
    }
}
