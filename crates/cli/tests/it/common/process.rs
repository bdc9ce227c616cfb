//! The binary under test as its own process: which one it is, and what it takes, as /proc has it.

use std::{
    fs,
    path::PathBuf,
    process::{Child, ExitStatus},
    time::Duration,
};

/// How often a process is looked at.
const TURN: Duration = Duration::from_millis(1);

/// The binary that `SHEETLIFT_BIN` names, where it is set: an optimised one.
pub(crate) fn given_binary() -> Option<PathBuf> {
    let path = std::env::var_os("SHEETLIFT_BIN").map(PathBuf::from)?;
    // Tests run in the directory of their package, and the variable is set where the workspace is.
    Some(match path.is_relative() {
        true => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path),
        false => path,
    })
}

/// The binary that is given, or else that of this build.
pub(crate) fn binary() -> PathBuf {
    given_binary().unwrap_or_else(|| env!("CARGO_BIN_EXE_sheetlift").into())
}

/// What a process took so far.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Taken {
    /// The most memory it had.
    pub(crate) peak_kib: u64,
    /// Time that it was at work.
    pub(crate) cpu_seconds: f64,
}

/// Waits for the end of a process, and looks at it on the way. Where `stop` gives a reason the process is killed, and the reason
/// is given back instead of a status.
pub(crate) fn watch<R>(
    child: &mut Child,
    mut stop: impl FnMut(Taken) -> Option<R>,
) -> (Taken, Result<ExitStatus, R>) {
    let mut taken = Taken::default();
    loop {
        let id = child.id();
        if has_memory_of_its_own(id) {
            taken.peak_kib = taken.peak_kib.max(peak_kib(id).unwrap_or(0));
        }
        taken.cpu_seconds = cpu_seconds(id).unwrap_or(taken.cpu_seconds);
        if let Some(status) = child.try_wait().unwrap() {
            return (taken, Ok(status));
        }
        if let Some(why) = stop(taken) {
            child.kill().unwrap();
            child.wait().unwrap();
            return (taken, Err(why));
        }
        std::thread::sleep(TURN);
    }
}

/// A child shares our memory until it runs its program, and is said to have all of it for a moment after we go on.
fn has_memory_of_its_own(id: u32) -> bool {
    let program = |id: &str| fs::read_link(format!("/proc/{id}/exe")).ok();
    let its = program(&id.to_string());
    its.is_some() && its != program("self")
}

fn peak_kib(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// In clock ticks of a hundredth of a second.
fn cpu_seconds(id: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program, in parentheses, may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
