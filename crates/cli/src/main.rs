//! The `sheetlift` command: options in, one `sheetlift::Job`, a report or an error out.

mod args;
mod commands;
mod exit;
mod interrupt;
mod numbers;
mod output;
mod paint;
mod progress;
mod read;
mod summary;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, ContractCommand};

fn main() -> ExitCode {
    exit::of(run(Args::parse().command))
}

fn run(command: Command) -> sheetlift::Result<exit::Status> {
    match command {
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Convert(args) => commands::convert::run(&args),
        Command::Contract(ContractCommand::Infer(args)) => commands::infer::run(&args),
        Command::Validate(args) => commands::validate::run(&args),
        Command::Load(args) => commands::load::run(&args),
        Command::Bench(args) => commands::bench::run(&args),
        Command::Completions { shell } => commands::completions::run(shell),
    }
}
