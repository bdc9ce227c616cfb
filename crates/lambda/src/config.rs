//! The environment variables of the function.
//!
//! | variable | meaning | default |
//! | --- | --- | --- |
//! | `SHEETLIFT_CONTRACT` | `s3://bucket/key`, the path of a file in the bundle, or the contract itself as JSON or YAML | required |
//! | `SHEETLIFT_RESULTS` | `s3://bucket/prefix` for reports and accepted rows | required |
//! | `SHEETLIFT_TRIGGERS` | `s3://bucket/prefix`, ... from which events come: results inside them are refused | none |
//! | `SHEETLIFT_TARGET` | address of a database that takes accepted rows | none: no load |
//! | `SHEETLIFT_CREATE_TABLE` | `true`: create the table in it when it is missing | `false` |
//! | `SHEETLIFT_MAX_FILE_BYTES` | largest object | 536,870,912 |
//! | `SHEETLIFT_SPOOL_BYTES` | objects beyond go through `/tmp` instead of memory | 67,108,864 |
//! | `SHEETLIFT_MAX_FINDINGS` | findings that a report lists; all are counted | 1,000 |

use sheetlift::{Contract, Error, Limits};
use sheetlift_aws::{Prefix, S3, Settings, Worker, results_are_outside, split_uri};

const MAX_CONTRACT_BYTES: u64 = 16 << 20;

/// The worker that the environment describes.
///
/// # Errors
/// `Usage` that names the variable; `Contract`; `Io` when the contract cannot be fetched.
pub(crate) async fn worker(var: impl Fn(&str) -> Option<String>) -> Result<Worker, Error> {
    let given = |name: &str| var(name).filter(|value| !value.trim().is_empty());
    let required = |name: &str, example: &str| {
        given(name).ok_or_else(|| {
            Error::usage("usage/environment", format!("{name} is not set"))
                .with_hint(format!("such as {example}"))
        })
    };
    let number = |name: &str, default: u64| match given(name) {
        None => Ok(default),
        Some(text) => text.trim().parse().map_err(|_| {
            Error::usage(
                "usage/environment",
                format!("{name}: {text:?} is no whole number"),
            )
        }),
    };
    let create_table = match given("SHEETLIFT_CREATE_TABLE").as_deref().map(str::trim) {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            let message = format!("SHEETLIFT_CREATE_TABLE: {other:?} is neither true nor false");
            return Err(Error::usage("usage/environment", message));
        }
    };

    let results: Prefix = required("SHEETLIFT_RESULTS", "s3://bucket/results/")?.parse()?;
    let results = results.into_folder();
    let triggers = given("SHEETLIFT_TRIGGERS").unwrap_or_default();
    let triggers: Result<Vec<Prefix>, Error> = triggers
        .split(',')
        .map(str::trim)
        .filter(|uri| !uri.is_empty())
        .map(str::parse)
        .collect();
    results_are_outside(&results, &triggers?)?;

    let mut limits = Limits::default();
    limits.max_file_bytes = number("SHEETLIFT_MAX_FILE_BYTES", 512 << 20)?;
    let s3 = S3::from_env();
    let place = required("SHEETLIFT_CONTRACT", "s3://bucket/items.contract.json")?;
    let contract = contract(&s3, &place).await?;
    let settings = Settings {
        contract: contract.into(),
        results,
        target: given("SHEETLIFT_TARGET"),
        create_table,
        limits,
        spool_bytes: number("SHEETLIFT_SPOOL_BYTES", 64 << 20)?,
        max_findings: number("SHEETLIFT_MAX_FINDINGS", 1_000)? as usize,
    };
    Worker::new(s3, settings)
}

async fn contract(s3: &S3, place: &str) -> Result<Contract, Error> {
    let place = place.trim();
    let contract = if place.starts_with("s3://") {
        let (bucket, key) = split_uri(place)?;
        let text = s3.text(bucket, key, MAX_CONTRACT_BYTES).await?;
        text.parse::<Contract>()
            .map_err(|error| error.in_file(place))
    } else if place.starts_with('{') || place.contains('\n') {
        place
            .parse::<Contract>()
            .map_err(|error| error.in_file("SHEETLIFT_CONTRACT"))
    } else {
        Contract::from_path(place)
    };
    Ok(contract?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str =
        r#"{"name": "items", "schema": {"fields": [{"name": "sku", "type": "string"}]}}"#;

    async fn with(vars: &[(&str, &str)]) -> Result<Worker, Error> {
        worker(|name| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
        .await
    }

    #[tokio::test]
    async fn says_which_variable_is_wrong() {
        let results = ("SHEETLIFT_RESULTS", "s3://b/results");
        let contract = ("SHEETLIFT_CONTRACT", CONTRACT);
        let worker = with(&[results, contract]).await.unwrap();
        assert_eq!(worker.settings().results.to_string(), "s3://b/results/");
        for (vars, said) in [
            (vec![contract], "SHEETLIFT_RESULTS is not set"),
            (
                vec![results, ("SHEETLIFT_CONTRACT", " ")],
                "SHEETLIFT_CONTRACT is not set",
            ),
            (
                vec![results, ("SHEETLIFT_CONTRACT", "{")],
                "SHEETLIFT_CONTRACT",
            ),
            (
                vec![results, ("SHEETLIFT_CONTRACT", "missing.json")],
                "missing.json",
            ),
            (
                vec![results, contract, ("SHEETLIFT_SPOOL_BYTES", "1 MB")],
                "SHEETLIFT_SPOOL_BYTES",
            ),
            (
                vec![results, contract, ("SHEETLIFT_CREATE_TABLE", "yes")],
                "neither true nor false",
            ),
            (
                vec![results, contract, ("SHEETLIFT_TARGET", "x://y")],
                "scheme",
            ),
            (
                vec![
                    results,
                    contract,
                    ("SHEETLIFT_TRIGGERS", "s3://a, s3://b/res"),
                ],
                "inside s3://b/res",
            ),
        ] {
            let error = with(&vars).await.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
