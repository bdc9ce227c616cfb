//! Files that are made to kill a reader end in words, within seconds and 256 MB, whatever they ask for.
//!
//! Each file of [`hostile()`] is given to each command as its own process. The bounds are those of an optimised binary:
//!
//! ```console
//! cargo build --release -p sheetlift-cli
//! SHEETLIFT_BIN=target/release/sheetlift cargo test -p sheetlift-cli --test it hostile -- --include-ignored
//! ```
//!
//! Without `SHEETLIFT_BIN` the binary of this build is taken, which has ten times as long where it is not optimised, and the
//! heavy files are left out.
#![cfg(target_os = "linux")] // memory and time of a process are read from /proc

use std::{
    fs,
    io::Read as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Instant,
};

use crate::common::process::{self, Taken};
use sheetlift_fixtures::{Hostile, hostile};
use tempfile::TempDir;

const MAX_KIB: u64 = 256 << 10;
const MAX_SECONDS: f64 = 5.0;
/// Seconds that a process may sleep beyond its time: whoever waits for something that never comes uses none.
const MAX_IDLE_SECONDS: f64 = 120.0;
/// What may be written: a table, not an explosion.
const MAX_WRITTEN: u64 = 1_500 << 20;
/// What is read of the standard output, before it is closed.
const MAX_SHOWN: u64 = 64 << 20;
/// Bytes of a message: a file must not speak at length through it.
const MAX_MESSAGE: usize = 4096;

/// Files that are known to end badly, and why. Whoever mends one takes it out.
const OPEN: &[(&str, &str)] = &[];

#[test]
fn light_files_end_in_words() {
    run_all(|file| !file.heavy);
}

#[test]
#[ignore = "takes minutes where the binary is not optimised"]
fn heavy_files_end_in_words() {
    run_all(|file| file.heavy);
}

#[test]
fn open_ones_exist() {
    let names: Vec<&str> = hostile().iter().map(|file| file.name).collect();
    for (name, why) in OPEN {
        assert!(names.contains(name) && !why.is_empty(), "{name}");
    }
}

fn run_all(wanted: impl Fn(&Hostile) -> bool) {
    let reader = Reader::new();
    let mut wrong = Vec::new();
    for file in hostile().iter().filter(|file| wanted(file)) {
        if OPEN.iter().any(|(name, _)| *name == file.name) {
            continue;
        }
        let desk = tempfile::tempdir().unwrap();
        fs::write(desk.path().join(file.file_name), (file.bytes)()).unwrap();
        for words in &reader.commands {
            let ran = reader.run(&desk, words, file.file_name);
            let complaints = ran.complaints(file, words, &reader);
            println!("{} {}: {ran}", words[0], file.file_name);
            if !complaints.is_empty() {
                wrong.push(format!(
                    "{} {}: {}: {ran}",
                    words[0],
                    file.file_name,
                    complaints.join(", ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The binary, and what it can do.
struct Reader {
    binary: PathBuf,
    max_seconds: f64,
    /// `FILE` stands for the file.
    commands: Vec<Vec<&'static str>>,
}

impl Reader {
    fn new() -> Reader {
        let slower = process::given_binary().is_none() && cfg!(debug_assertions);
        let binary = process::binary();
        let mut commands = vec![
            vec!["convert", "FILE", "-o", "out.csv"],
            vec!["inspect", "FILE"],
        ];
        let knows_cells = Command::new(&binary).args(["cells", "--help"]).output();
        if knows_cells.is_ok_and(|output| output.status.success()) {
            commands.push(vec!["cells", "FILE"]);
        }
        Reader {
            binary,
            max_seconds: if slower {
                10.0 * MAX_SECONDS
            } else {
                MAX_SECONDS
            },
            commands,
        }
    }

    fn run(&self, desk: &TempDir, words: &[&str], file_name: &str) -> Ran {
        let stream = |name: &str| fs::File::create(desk.path().join(name)).unwrap();
        let words = words
            .iter()
            .map(|word| if *word == "FILE" { file_name } else { word });
        let mut child = Command::new(&self.binary)
            .args(words)
            .current_dir(desk.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stream("stderr"))
            .spawn()
            .unwrap();
        // What is shown has no end but that of whoever reads it.
        let mut shown = child.stdout.take().unwrap().take(MAX_SHOWN);
        let mut to = stream("stdout");
        let reader = std::thread::spawn(move || std::io::copy(&mut shown, &mut to));
        let mut ran = Ran::watch(child, desk, self.max_seconds);
        reader.join().unwrap().unwrap();
        ran.message =
            String::from_utf8_lossy(&fs::read(desk.path().join("stderr")).unwrap()).into_owned();
        for name in ["stdout", "stderr", "out.csv"] {
            let path = desk.path().join(name);
            if let Ok(metadata) = fs::metadata(&path) {
                ran.written += metadata.len();
                let is_short = metadata.len() < 1 << 20;
                ran.leaked |= is_short && shows_passwords(&fs::read(&path).unwrap());
                fs::remove_file(path).unwrap();
            }
        }
        let left = fs::read_dir(desk.path()).unwrap();
        ran.left_behind = left.count() != 1;
        ran
    }
}

/// How a process ended.
#[derive(Default)]
struct Ran {
    /// `None` after a signal.
    code: Option<i32>,
    /// Why we ended it.
    ended: Option<&'static str>,
    cpu_seconds: f64,
    seconds: f64,
    peak_kib: u64,
    message: String,
    written: u64,
    /// Something of the machine is in the output.
    leaked: bool,
    left_behind: bool,
}

impl Ran {
    /// Waits for the end, and looks at the process on the way.
    fn watch(mut child: Child, desk: &TempDir, max_seconds: f64) -> Ran {
        let began = Instant::now();
        let mut turn = 0_u64;
        let (taken, status) = process::watch(&mut child, |taken: Taken| {
            turn += 1;
            if taken.cpu_seconds > 2.0 * max_seconds {
                Some("takes too long")
            } else if began.elapsed().as_secs_f64() > 2.0 * max_seconds + MAX_IDLE_SECONDS {
                Some("waits for nothing")
            } else if taken.peak_kib > 4 * MAX_KIB {
                Some("takes too much memory")
            } else if turn % 64 == 1 && written(desk) > MAX_WRITTEN {
                Some("writes too much")
            } else {
                None
            }
        });
        Ran {
            code: status.ok().and_then(|status| status.code()),
            ended: status.err(),
            cpu_seconds: taken.cpu_seconds,
            seconds: began.elapsed().as_secs_f64(),
            peak_kib: taken.peak_kib,
            ..Ran::default()
        }
    }

    fn complaints(&self, file: &Hostile, words: &[&str], reader: &Reader) -> Vec<String> {
        let mut complaints: Vec<String> = self.ended.iter().map(|why| (*why).to_owned()).collect();
        let mut complain = |wrong: bool, what: &str| {
            if wrong {
                complaints.push(what.to_owned());
            }
        };
        complain(self.cpu_seconds > reader.max_seconds, "slow");
        complain(self.peak_kib > MAX_KIB, "large");
        complain(self.leaked, "shows a file of this machine");
        complain(
            self.ended.is_none() && self.left_behind,
            "leaves files behind",
        );
        complain(self.message.len() > MAX_MESSAGE, "the message is long");
        match self.code {
            None => complain(self.ended.is_none(), "ended by a signal"),
            // Whoever looks at the first rows may not see what is wrong with the last ones.
            Some(0) => complain(
                !file.outcome.may_read() && words[0] == "convert",
                "reads what is to be refused",
            ),
            Some(code) => {
                let codes = file.outcome.codes().iter();
                let expected: Vec<i32> = codes.map(|code| exit_code(code)).collect();
                complain(!expected.contains(&code), "refuses with another code");
                let names_it = self
                    .message
                    .starts_with(&format!("error: {}: ", file.file_name));
                complain(
                    !names_it || !self.message.contains("\nhint: "),
                    "the message does not help",
                );
            }
        }
        complaints
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.code.map_or("-".to_owned(), |code| code.to_string());
        let message: String = self
            .message
            .replace('\n', " / ")
            .chars()
            .take(200)
            .collect();
        write!(
            f,
            "exit {code}, {:.2} CPU s in {:.2} s, {} MB, {} KB written, {message}",
            self.cpu_seconds,
            self.seconds,
            self.peak_kib >> 10,
            self.written >> 10
        )
    }
}

/// As the table of exit codes has it.
fn exit_code(code: &str) -> i32 {
    match code {
        "file/too-large" | "file/zip-bomb" => 4,
        code if code.starts_with("sheet/") => 2,
        _ => 3,
    }
}

/// Bytes in the directory.
fn written(desk: &TempDir) -> u64 {
    let files = fs::read_dir(desk.path()).into_iter().flatten().flatten();
    files
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum()
}

/// The first line of the file that external entities ask for.
fn shows_passwords(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("root:x:0:0")
}
