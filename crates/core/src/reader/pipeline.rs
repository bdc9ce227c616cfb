//! Workers: inflate a chunk, read it, hand its pieces over in order.
//!
//! There is no thread for inflating and none for parsing. Every worker takes the part, inflates the next chunk, gives the
//! part back and reads the chunk while it is still in its cache; meanwhile another worker inflates the one after. So one
//! core does everything in turn, two cores share the work evenly, and with many cores inflating, the one thing that cannot
//! be split, never waits. The shared strings are read the same way: by all workers before the sheet when rows are wanted as they
//! come, or else by one of them beside the sheet. The caller is a worker too: with one thread nothing is spawned. Hand-over blocks on a condition variable; a slow consumer stops the workers once `window` chunks wait for it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use crate::{
    a1::CellRange,
    book::{Merge, PieceStream, Strings},
    column::{StringTable, piece::Piece},
    error::{Error, Result},
    limits::Budget,
    xlsx::{
        Block, KnownTable, SharedStrings, TableOrChunks,
        sheet::{ChunkReader, Scanned, Scanner, SheetContext},
    },
    xml::{Token, Tokens},
};

/// Chunks that may wait for the consumer, at least: as many as a window of rows is made of, so that reading goes on while a
/// window is checked, converted or loaded. With fewer, reading and checking take turns.
const CHUNKS_AHEAD: u64 = 80;

/// Reads one sheet and the shared strings.
pub(crate) struct Pipeline {
    shared: Arc<Shared>,
    worker: Worker,
    threads: Vec<JoinHandle<()>>,
    first_row: u32,
    /// The rows have ended: what follows is inflated for its checksum alone.
    ended: bool,
}

/// What a worker keeps from chunk to chunk.
struct Worker {
    scanner: Scanner,
    block: Block,
}

struct Shared {
    part: Mutex<Feed>,
    /// `None` once the table is complete.
    strings: Mutex<Option<SharedStrings>>,
    /// Where the next reader of this workbook looks for the table.
    known: KnownTable,
    /// There are chunks of strings that nobody took.
    strings_left: AtomicBool,
    /// A worker is at them.
    strings_busy: AtomicBool,
    when: Strings,
    budget: Arc<Budget>,
    state: Mutex<State>,
    changed: Condvar,
    stop: AtomicBool,
    window: u64,
}

/// The part, and the number of its next chunk.
struct Feed {
    chunks: ChunkReader,
    next: u64,
    ended: bool,
}

#[derive(Default)]
struct State {
    /// Chunks that workers took or are about to take.
    issued: u64,
    /// Chunks handed to the consumer.
    consumed: u64,
    /// What was read of chunks that are finished but not yet handed over.
    done: BTreeMap<u64, Result<Scanned>>,
    /// Number of chunks, once known.
    total: Option<u64>,
    /// Why there is no chunk after them.
    broken: Option<Error>,
    table: Option<Result<Arc<StringTable>>>,
    bufs: Vec<Vec<u8>>,
}

impl Pipeline {
    /// Starts `threads - 1` threads, unless there are no rows; the caller is the other one.
    pub(crate) fn start(
        context: &Arc<SheetContext>,
        mut chunks: ChunkReader,
        strings: TableOrChunks,
        when: Strings,
        first_row: u32,
        has_rows: bool,
        threads: usize,
    ) -> Self {
        let threads = if has_rows { threads } else { 1 };
        if context.selection.merges {
            chunks.keep_rest();
        }
        let TableOrChunks {
            table,
            chunks: chunks_of_strings,
            known,
        } = strings;
        let shared = Arc::new(Shared {
            part: Mutex::new(Feed {
                chunks,
                next: 0,
                ended: false,
            }),
            strings_left: AtomicBool::new(chunks_of_strings.is_some()),
            strings_busy: AtomicBool::new(false),
            strings: Mutex::new(chunks_of_strings),
            known,
            when,
            budget: Arc::clone(&context.budget),
            state: Mutex::new(State {
                table: table.map(Ok),
                ..State::default()
            }),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            window: (4 * threads as u64).max(CHUNKS_AHEAD),
        });
        let worker = || Worker {
            scanner: Scanner::new(Arc::clone(context)),
            block: Block::default(),
        };
        let threads = (1..threads).filter_map(|_| {
            let (shared, worker) = (Arc::clone(&shared), worker());
            // Fewer threads than asked for are slower, nothing else.
            std::thread::Builder::new()
                .name("sheetlift-reader".into())
                .spawn(move || shared.run(worker))
                .ok()
        });
        let threads = threads.collect();
        Pipeline {
            shared,
            worker: worker(),
            threads,
            first_row,
            ended: !has_rows,
        }
    }
}

impl PieceStream for Pipeline {
    fn first_row(&self) -> u32 {
        self.first_row
    }

    /// The pieces of the next chunk.
    fn next(&mut self) -> Result<Option<Vec<Piece>>> {
        let shared = Arc::clone(&self.shared);
        loop {
            let mut state = shared.lock();
            let next = state.consumed;
            if let Some(scanned) = state.done.remove(&next) {
                state.consumed += 1;
                drop(state);
                shared.changed.notify_all();
                if self.ended {
                    continue;
                }
                let scanned = scanned?;
                self.ended = scanned.ended;
                return Ok(Some(scanned.pieces));
            }
            if state.total == Some(next) {
                let broken = state.broken.take();
                drop(state);
                return match broken {
                    Some(error) => Err(error),
                    None if self.ended => Ok(None),
                    None => Err(shared.cut_off()),
                };
            }
            work_or_wait(&shared, &mut self.worker, state);
        }
    }

    fn strings(&mut self) -> Result<Arc<StringTable>> {
        let shared = Arc::clone(&self.shared);
        loop {
            if shared.strings_left.load(Ordering::Acquire) {
                shared.read_strings(&mut self.worker);
                continue;
            }
            let mut state = shared.lock();
            if let Some(table) = state.table.take() {
                state.table = table.as_ref().ok().map(|table| Ok(Arc::clone(table)));
                return table;
            }
            work_or_wait(&shared, &mut self.worker, state);
        }
    }

    fn strings_to(self: Box<Self>, len: usize) -> Result<Arc<StringTable>> {
        if let Some(Ok(table)) = &self.shared.lock().table {
            return Ok(Arc::clone(table));
        }
        let mut strings = self.shared.lock_strings();
        let Some(mut strings) = strings.take() else {
            return Err(Error::bug(
                "the shared strings were taken by another worker",
            ));
        };
        strings.read_to(len)?;
        Ok(Arc::new(strings.into_table()?))
    }

    fn merges(&mut self) -> Result<Vec<Merge>> {
        let mut feed = self.shared.part.lock();
        let feed = feed.as_mut().map_err(|_| Error::bug("a worker panicked"))?;
        let rest = feed.chunks.take_rest();
        read_merges(&rest, self.shared.budget.limits.max_xml_depth)
            .map_err(|error| error.in_part(feed.chunks.part()))
    }
}

/// The merged cells in what follows the rows (ECMA-376 part 1, 18.3.1.55).
fn read_merges(rest: &[u8], max_xml_depth: u64) -> Result<Vec<Merge>> {
    let mut tokens = Tokens::new(rest, max_xml_depth);
    let mut merges = Vec::new();
    loop {
        match tokens.next()? {
            Token::Open(tag) if tag.name() == "mergeCell" => {
                let range = tag.attribute("ref")?;
                let range = range.and_then(|range| CellRange::parse(&range).ok());
                merges.extend(range.map(Merge));
            }
            Token::End => return Ok(merges),
            _ => {}
        }
    }
}

/// What the consumer does while the thing it wants is not there.
fn work_or_wait(shared: &Shared, worker: &mut Worker, mut state: MutexGuard<'_, State>) {
    if shared.take_slot(&mut state) {
        drop(state);
        shared.read_chunk(&mut worker.scanner);
    } else {
        drop(shared.wait(state));
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        drop(self.shared.lock()); // nobody is between looking at `stop` and waiting
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            drop(thread.join()); // its panic has been turned into an error of its chunk
        }
    }
}

impl Shared {
    /// What a thread does: chunks of strings where it is to, then chunks of the sheet.
    fn run(&self, mut worker: Worker) {
        loop {
            // Under the lock, or the wake-up of whoever drops the pipeline could come between the look and the wait.
            let mut state = self.lock();
            if self.stopped() {
                return;
            }
            let has_ended = state.total.is_some();
            if self.is_for_strings(has_ended) {
                drop(state);
                self.read_strings(&mut worker);
                self.strings_busy.store(false, Ordering::Relaxed);
            } else if has_ended {
                return;
            } else if self.take_slot(&mut state) {
                drop(state);
                self.read_chunk(&mut worker.scanner);
            } else {
                drop(self.wait(state));
            }
        }
    }

    /// The error for a part that is cut off between two rows.
    fn cut_off(&self) -> Error {
        let feed = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        let error = Error::malformed("the part ends before </sheetData>: rows may be missing");
        error.in_part(feed.chunks.part())
    }

    fn is_for_strings(&self, sheet_has_ended: bool) -> bool {
        self.strings_left.load(Ordering::Acquire)
            && (!self.strings_busy.swap(true, Ordering::Relaxed)
                || self.when == Strings::First
                || sheet_has_ended)
    }

    /// Reserves the right to take one chunk, unless the consumer is far behind or the part has ended.
    fn take_slot(&self, state: &mut State) -> bool {
        let free = state.total.is_none() && state.issued < state.consumed + self.window;
        state.issued += u64::from(free);
        free
    }

    /// Inflates the next chunk and reads it.
    fn read_chunk(&self, scanner: &mut Scanner) {
        let buf = self.lock().bufs.pop().unwrap_or_default();
        let mut feed = self.part.lock().unwrap_or_else(PoisonError::into_inner);
        if feed.ended {
            return;
        }
        let number = feed.next;
        let chunk = guarded(|| self.budget.timed(|| feed.chunks.next(buf)));
        let chunk = match chunk {
            Ok(Some(chunk)) => chunk,
            ended => {
                feed.ended = true;
                drop(feed);
                let mut state = self.lock();
                state.total = Some(number);
                state.broken = ended.err();
                drop(state);
                self.changed.notify_all();
                return;
            }
        };
        feed.next += 1;
        let part = feed.chunks.part().to_owned();
        drop(feed);
        let scanned = guarded(|| {
            self.budget
                .timed(|| scanner.scan(chunk.bytes(), chunk.offset))
        });
        let mut state = self.lock();
        let scanned = scanned.map_err(|error| error.in_part(part));
        state.done.insert(number, scanned);
        if state.bufs.len() < self.window as usize {
            state.bufs.push(chunk.into_buf());
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Reads the next chunk of strings, or one of the sheet while others are at them; whoever reads the last one makes the table.
    fn read_strings(&self, worker: &mut Worker) {
        let mut guard = match self.strings.try_lock() {
            // Others are at the strings: there is the sheet.
            Err(TryLockError::WouldBlock) if self.take_slot(&mut self.lock()) => {
                return self.read_chunk(&mut worker.scanner);
            }
            Err(TryLockError::WouldBlock) => self.lock_strings(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Ok(guard) => guard,
        };
        let block = &mut worker.block;
        let Some(strings) = guard.as_mut() else {
            return;
        };
        let chunk = guarded(|| Ok(strings.take(block.take_buf())));
        self.strings_left
            .store(!strings.is_taken(), Ordering::Release);
        let failed = match chunk {
            Ok(Some(chunk)) => {
                drop(guard);
                let read = guarded(|| {
                    let limits = &self.budget.limits;
                    self.budget.timed(|| chunk.read(block, limits))
                });
                guard = self.lock_strings();
                if let Some(strings) = guard.as_mut() {
                    strings.put(&chunk, read, block);
                    self.strings_left
                        .store(!strings.is_taken(), Ordering::Release);
                }
                block.keep_buf(chunk.into_buf());
                None
            }
            Ok(None) => None,
            Err(error) => Some(error),
        };
        let is_done = guard.as_ref().is_some_and(SharedStrings::is_done);
        let table = match failed {
            Some(error) => {
                *guard = None; // what others read of it has no place any more
                Err(error)
            }
            None if !is_done => return,
            None => guard.take().map_or_else(
                || Err(Error::bug("the shared strings were taken twice")),
                SharedStrings::into_table,
            ),
        };
        drop(guard);
        self.strings_left.store(false, Ordering::Release);
        let table = table.map(Arc::new);
        if let Ok(table) = &table {
            self.known.set(table);
        }
        self.lock().table = Some(table);
        self.changed.notify_all();
    }

    fn lock_strings(&self) -> MutexGuard<'_, Option<SharedStrings>> {
        self.strings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a worker's job; a panic is a defect of ours and ends the run with an error, never a hang.
fn guarded<T>(job: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("unknown");
        Err(Error::bug(format!("a worker panicked: {text}")))
    })
}
