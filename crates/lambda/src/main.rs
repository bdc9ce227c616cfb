//! `bootstrap`: sheetlift as an AWS Lambda function on `provided.al2023`.
//!
//! It is one function for every trigger: S3, EventBridge, SQS (around S3, EventBridge or SNS), SNS, API Gateway and function
//! URLs. See [`config`] for the variables that set it up and [`handler`] for what becomes of an event.

mod config;
mod handler;
mod init;
mod log;

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;

fn main() -> ExitCode {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        eprintln!("error: this is the sheetlift Lambda function, which only AWS Lambda can start");
        eprintln!("hint: the command for everywhere else is `sheetlift`");
        return ExitCode::from(2);
    }
    // One thread for the network; jobs run on threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(serve()),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), lambda_runtime::Error> {
    let worker = match config::worker(|name| std::env::var(name).ok()).await {
        Ok(worker) => worker,
        Err(error) => return Err(init::report(&error).into()),
    };
    let handle = service_fn(|event: LambdaEvent<Box<RawValue>>| handler::handle(&worker, event));
    Runtime::new(handle).run().await
}
