//! Numbers for people.

/// `1048576` as `1,048,576`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 row`, `2 rows`.
pub(crate) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

/// `98.2 MB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_scales() {
        assert_eq!(
            ["0", "999", "1,000", "1,048,576"],
            [0, 999, 1000, 1_048_576].map(grouped)[..]
        );
        assert_eq!([count(1, "row"), count(0, "row")], ["1 row", "0 rows"]);
        assert_eq!(
            [bytes(999), bytes(98_234_567), bytes(999_999)],
            ["999 B", "98.2 MB", "1.0 MB"]
        );
    }
}
