//! Formats of strings: what e-mail addresses, URIs, UUIDs and base64 look like.

use super::model::StringFormat;

impl StringFormat {
    /// Name in Table Schema.
    pub fn name(self) -> &'static str {
        match self {
            StringFormat::Default => "default",
            StringFormat::Email => "email",
            StringFormat::Uri => "uri",
            StringFormat::Uuid => "uuid",
            StringFormat::Binary => "binary",
        }
    }

    pub(crate) fn expected(self) -> &'static str {
        match self {
            StringFormat::Default => "a text",
            StringFormat::Email => "an e-mail address",
            StringFormat::Uri => "a web address or other URI",
            StringFormat::Uuid => "a UUID, such as 123e4567-e89b-12d3-a456-426614174000",
            StringFormat::Binary => "bytes in base64",
        }
    }

    /// True when `text` has this format. Addresses are checked for their shape only, not for being in use.
    pub(crate) fn holds(self, text: &str) -> bool {
        match self {
            StringFormat::Default => true,
            StringFormat::Email => is_email(text),
            StringFormat::Uri => is_uri(text),
            StringFormat::Uuid => is_uuid(text.as_bytes()),
            StringFormat::Binary => is_base64(text.as_bytes()),
        }
    }
}

fn is_email(text: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>(),;:\"[]\\".contains(c);
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let local_ok = (1..=64).contains(&local.len()) && local.split('.').all(|part| !part.is_empty());
    let labels = || domain.split('.');
    let label_ok =
        |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let domain_ok = labels().count() >= 2
        && labels().all(label_ok)
        && domain
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '.');
    local_ok && domain_ok && text.len() <= 254 && !text.contains(bad) && !local.contains('@')
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c);
    let authority_ok = rest.strip_prefix("//").is_none_or(|rest| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !authority.is_empty() || scheme.eq_ignore_ascii_case("file")
    });
    scheme_ok && !rest.is_empty() && authority_ok && !rest.contains(bad)
}

fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, &b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn is_base64(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|&&b| b == b'=').count();
    let digits = &text[..text.len() - padding];
    text.len().is_multiple_of(4)
        && padding <= 2
        && digits
            .iter()
            .all(|&b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}
