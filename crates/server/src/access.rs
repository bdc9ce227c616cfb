//! Who may ask: API keys, compared in constant time.

use std::{env, fs, io, sync::Arc};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::{middleware::Next, response::IntoResponse, response::Response};

use crate::{app::App, config::Config, problem::Problem};

const KEYS_VARIABLE: &str = "SHEETLIFT_API_KEYS";
const MIN_KEY_BYTES: usize = 16;

/// Hashes of the keys, none when everybody may ask: hashes of equal length are compared in constant time, and nothing here can be
/// leaked as a key.
pub(crate) struct Keys(Vec<blake3::Hash>);

impl Keys {
    /// Collects keys, or refuses to go on without one.
    pub(crate) fn of(config: &Config) -> io::Result<Keys> {
        let keys = env::var(KEYS_VARIABLE).unwrap_or_default();
        let mut text = keys.replace(',', "\n");
        if let Some(path) = &config.api_keys_file {
            let named = |error| io::Error::other(format!("{}: {error}", path.display()));
            text = text + "\n" + &fs::read_to_string(path).map_err(named)?;
        }
        Keys::parse(&text, config)
    }

    fn parse(text: &str, config: &Config) -> io::Result<Keys> {
        let is_key = |line: &&str| !line.is_empty() && !line.starts_with('#');
        let keys: Vec<&str> = text.lines().map(str::trim).filter(is_key).collect();
        let short = keys.iter().position(|key| key.len() < MIN_KEY_BYTES);
        let (address, open) = (config.listen, config.insecure_no_auth);
        let why = match (short, open, keys.is_empty()) {
            (Some(place), ..) => format!(
                "API key {} is shorter than {MIN_KEY_BYTES} characters; `openssl rand -hex 24` makes one",
                place + 1
            ),
            (None, true, false) => "give API keys or --insecure-no-auth, not both".to_owned(),
            (None, true, true) if !address.ip().is_loopback() => {
                format!("--insecure-no-auth is for loopback addresses, not for {address}")
            }
            (None, false, true) => format!(
                "no API key was given; set {KEYS_VARIABLE} or --api-keys-file, or give --insecure-no-auth on a loopback address"
            ),
            _ => {
                let hashes = keys.iter().map(|key| blake3::hash(key.as_bytes()));
                return Ok(Keys(hashes.collect()));
            }
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, why))
    }

    /// The place of the key among those there are, from 1. Every key is compared, whichever fits.
    fn place(&self, headers: &HeaderMap) -> Option<usize> {
        if self.0.is_empty() {
            return Some(0);
        }
        let given = blake3::hash(presented(headers)?);
        let fitting = self.0.iter().zip(1..).filter(|(key, _)| **key == given);
        fitting.last().map(|(_, place)| place)
    }
}

/// Lets requests with a key through.
pub(crate) async fn require_key(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(place) = app.keys.place(request.headers()) else {
        let detail = "this needs a valid API key";
        let hint = "send `Authorization: Bearer KEY` or `X-Api-Key: KEY`";
        return Problem::new(401, "http/unauthorized", detail, hint).into_response();
    };
    tracing::Span::current().record("key", place);
    next.run(request).await
}

fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(key) = headers.get("x-api-key") {
        return Some(key.as_bytes());
    }
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = given.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| key.trim().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef";

    fn keys(text: &str, args: &[&str]) -> io::Result<Keys> {
        let args = ["server"].into_iter().chain(args.iter().copied());
        Keys::parse(text, &Config::from_args(args).unwrap())
    }

    #[test]
    fn refuses_to_start_open_to_everybody() {
        let open = ["--insecure-no-auth", "--listen", "0.0.0.0:80"];
        for (text, args) in [
            ("", &[][..]),
            ("# none\n", &[]),
            ("", &open),
            (KEY, &open[..1]),
            ("short", &[]),
        ] {
            assert!(keys(text, args).is_err(), "{text} {args:?}");
        }
        assert!(keys("", &open[..1]).is_ok());
        assert!(keys(KEY, &open[1..]).is_ok());
    }

    #[test]
    fn takes_both_headers() {
        let keys = keys(&format!("another-key-of-mine\n{KEY}\n"), &[]).unwrap();
        for (name, value, place) in [
            ("x-api-key", KEY.to_owned(), Some(2)),
            ("authorization", format!("bearer  {KEY}"), Some(2)),
            ("authorization", format!("Basic {KEY}"), None),
            ("authorization", format!("Bearer {KEY}0"), None),
            ("authorization", String::new(), None),
            ("cookie", KEY.to_owned(), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(keys.place(&headers), place, "{name}: {value}");
        }
    }
}
