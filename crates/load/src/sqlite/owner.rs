//! Who holds a lease, and whether that process is provably gone.
//!
//! A worker that was killed cannot give its lease back. Waiting for the lease to expire is always right, and slow; where the
//! kernel can tell that the owner is gone, the import may be taken over at once. That proof exists on Linux: same host name,
//! same boot, same process namespace, and either no such process or one with another start time. Elsewhere, or with any
//! doubt, the lease has to expire. The fence keeps even a wrong verdict harmless.

use std::fs;
use std::path::Path;
use std::process;

/// The process that holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// Host, boot and process namespace; empty when unknown, which proves nothing.
    pub(super) host: String,
    pub(super) pid: i64,
    /// The start time in the kernel's own ticks, 0 when unknown.
    pub(super) started: i64,
}

impl Owner {
    pub(super) fn current() -> Owner {
        let pid = i64::from(process::id());
        Owner {
            host: host().unwrap_or_default(),
            pid,
            started: start_time(pid).unwrap_or(0),
        }
    }

    /// Whether the owner is certainly not running any more.
    pub(super) fn is_provably_dead(&self) -> bool {
        // Where other users' processes are hidden, a missing one means nothing.
        let visible = Path::new("/proc/1/stat").exists();
        let comparable = !self.host.is_empty() && host().is_some_and(|host| host == self.host);
        if !visible || !comparable || self.started == 0 {
            return false;
        }
        start_time(self.pid) != Some(self.started)
    }
}

fn host() -> Option<String> {
    let read = |path: &str| {
        fs::read_to_string(path)
            .ok()
            .map(|text| text.trim().to_owned())
    };
    let name = read("/proc/sys/kernel/hostname")?;
    let boot = read("/proc/sys/kernel/random/boot_id")?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{name} {boot} {}", namespace.display()))
}

/// Field 22 of `/proc/<pid>/stat`; none for a process that is gone or only waits to be reaped.
fn start_time(pid: i64) -> Option<i64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses and may hold anything; fields are plain after the last of them.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_ended_is_dead() {
        let own = Owner::current();
        assert!(own.started > 0 && !own.is_provably_dead());
        assert!(
            Owner {
                started: own.started + 1,
                ..own.clone()
            }
            .is_provably_dead()
        );
        assert!(
            !Owner {
                host: "elsewhere".into(),
                started: 1,
                ..own.clone()
            }
            .is_provably_dead()
        );
        assert!(
            !Owner {
                host: String::new(),
                started: 1,
                ..own.clone()
            }
            .is_provably_dead()
        );

        let mut child = process::Command::new("true").spawn().unwrap();
        let pid = i64::from(child.id());
        child.wait().unwrap();
        assert!(Owner { pid, ..own }.is_provably_dead());
    }
}
