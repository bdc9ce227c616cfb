//! The memory that the documentation promises, measured in a process of its own.

use std::env;
use std::fs;
use std::process::Command;

use sheetlift_load::Mode;
use sheetlift_load::conformance::{claim, items, plan};
use sheetlift_load::files::{FilesSink, Format};

use super::shelf::Directory;

const CHILD: &str = "SHEETLIFT_LOAD_MEMORY_CHILD";
const FORMAT: &str = "SHEETLIFT_LOAD_MEMORY_FORMAT";
const TEXT_BYTES: usize = 2_000;
const BATCHES: u32 = 150;
const BATCH_ROWS: u32 = 1_000;
/// What is promised, and the 16 MiB of batches and code that the test adds to what it had at the beginning.
const MAX_KIB: u64 = (176 + 16) << 10;

/// The same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// The resident set now (`VmRSS`), or the largest so far (`VmHWM`).
fn kib(which: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(which)?.strip_prefix(':'))
        .unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// Not a test by itself.
#[test]
fn child() {
    let Some(path) = env::var_os(CHILD) else {
        return;
    };
    let format: Format = env::var(FORMAT).unwrap().parse().unwrap();
    let sink = FilesSink::directory(path, format).unwrap();
    let mut import = claim(&sink, &plan("large", &items([])).with_mode(Mode::Insert));
    // Slices of a random text that is longer than what a compressor remembers.
    let mut dice = Dice(1);
    let random: Vec<u8> = (0..4 << 20).map(|_| b' ' + dice.below(64) as u8).collect();
    let random = String::from_utf8(random).unwrap();
    let before = kib("VmRSS");
    let mut bytes = 0;
    for batch in 0..BATCHES {
        let rows: Vec<u32> = (batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS).collect();
        let mut text = || {
            let start = dice.below((random.len() - TEXT_BYTES) as u64) as usize;
            &random[start..start + TEXT_BYTES]
        };
        let texts: Vec<&str> = rows.iter().map(|_| text()).collect();
        bytes += texts.len() * TEXT_BYTES;
        let batch = items(texts.into_iter().map(|text| (text, Some(1))));
        import.stage(&batch, &rows).unwrap();
    }
    let outcome = import.commit(false).unwrap();
    assert_eq!(outcome.inserted, u64::from(BATCHES * BATCH_ROWS));
    let peak = kib("VmHWM");
    println!(
        "{format}: {} MB of text, {} MiB before and {} MiB at most",
        bytes / 1_000_000,
        before >> 10,
        peak >> 10
    );
    assert!(peak - before < MAX_KIB, "{peak} - {before} KiB");
}

#[test]
fn memory_is_bounded() {
    for format in Format::ALL {
        let shelf = Directory::new(format);
        let done = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "files::memory::child",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(FORMAT, format.as_str())
            .env(CHILD, shelf.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned()
            + &String::from_utf8_lossy(&done.stderr);
        print!("{said}");
        assert!(done.status.success() && said.contains("1 passed"));
    }
}
