//! Runs a built function on this machine: `sheetlift-lambda-emulator BOOTSTRAP < event.json`.
//!
//! The function gets the variables that start with `AWS_` or `SHEETLIFT_`; `AWS_ENDPOINT_URL` points it at an S3 server on
//! this machine. Several events may follow each other: each gets its response on a line of its own.

use std::{env, error::Error, io};

use serde_json::{Deserializer, Value};
use sheetlift_lambda_emulator::Function;

fn main() -> Result<(), Box<dyn Error>> {
    let bootstrap = env::args_os()
        .nth(1)
        .ok_or("give the path of a built bootstrap")?;
    let vars: Vec<(String, String)> = env::vars()
        .filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("SHEETLIFT_"))
        .collect();
    let function = Function::start(&bootstrap, &vars);
    for event in Deserializer::from_reader(io::stdin()).into_iter::<Value>() {
        let response = function.invoke(&event?);
        println!(
            "{}",
            response.map_err(|fault| format!("no response: {fault:?}"))?
        );
    }
    Ok(())
}
