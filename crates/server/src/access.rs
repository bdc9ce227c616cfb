//! Who may ask: API keys, compared in constant time.

use std::{env, fs, io, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{app::App, config::Config, problem::Problem};

const KEYS_VARIABLE: &str = "SHEETLIFT_API_KEYS";
const MIN_KEY_CHARS: usize = 16;

/// Hashes of the keys: hashes of equal length are compared in constant time, and nothing here can be leaked as a key.
pub(crate) struct Keys(Option<Vec<blake3::Hash>>);

impl Keys {
    /// Collects keys, or refuses to go on without one.
    pub(crate) fn of(config: &Config) -> io::Result<Keys> {
        let mut text = env::var(KEYS_VARIABLE)
            .unwrap_or_default()
            .replace(',', "\n");
        if let Some(path) = &config.access.api_keys_file {
            let file = fs::read_to_string(path).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
            text = text + "\n" + &file;
        }
        Keys::parse(&text, config)
    }

    fn parse(text: &str, config: &Config) -> io::Result<Keys> {
        let keys = text.lines().map(str::trim);
        let keys: Vec<&str> = keys
            .filter(|key| !key.is_empty() && !key.starts_with('#'))
            .collect();
        if let Some(short) = keys
            .iter()
            .position(|key| key.chars().count() < MIN_KEY_CHARS)
        {
            return Err(refusal(format!(
                "API key {} is shorter than {MIN_KEY_CHARS} characters; `openssl rand -hex 24` makes one",
                short + 1
            )));
        }
        match (keys.is_empty(), config.access.insecure_no_auth) {
            (false, true) => Err(refusal(
                "there are API keys and --insecure-no-auth: give one of them",
            )),
            (false, false) => Ok(Keys(Some(
                keys.iter()
                    .map(|key| blake3::hash(key.as_bytes()))
                    .collect(),
            ))),
            (true, true) if config.listen.ip().is_loopback() => Ok(Keys(None)),
            (true, true) => Err(refusal(format!(
                "--insecure-no-auth is for loopback addresses, not for {}",
                config.listen
            ))),
            (true, false) => Err(refusal(format!(
                "no API key was given; set {KEYS_VARIABLE} or --api-keys-file, or give --insecure-no-auth on a loopback address"
            ))),
        }
    }

    /// The place of the key among those there are, from 1. Every key is compared, whichever fits.
    fn place(&self, headers: &HeaderMap) -> Option<usize> {
        let Some(keys) = &self.0 else { return Some(0) };
        let given = blake3::hash(presented(headers)?);
        let places = keys.iter().enumerate();
        places.fold(None, |found, (place, key)| {
            if *key == given {
                Some(place + 1)
            } else {
                found
            }
        })
    }
}

/// Lets requests with a key through.
pub(crate) async fn require_key(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    match app.keys.place(request.headers()) {
        Some(place) => {
            tracing::Span::current().record("key", place);
            next.run(request).await
        }
        None => Problem::new(
            StatusCode::UNAUTHORIZED,
            "http/unauthorized",
            "this needs a valid API key",
        )
        .with_hint("send `Authorization: Bearer KEY` or `X-Api-Key: KEY`")
        .into_response(),
    }
}

fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    if let Some(key) = headers.get("x-api-key") {
        return Some(key.as_bytes());
    }
    let (scheme, key) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| key.trim().as_bytes())
}

fn refusal(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why.into())
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
