//! The DynamoDB sink.
//!
//! # What a commit promises
//!
//! Rows become items in transactions of up to 98 rows. The same transaction records in the ledger how far the import is and
//! checks that nobody has taken it over. So **every row takes effect exactly once, whatever dies when**: a rerun of the same import
//! goes on where the one before stopped, its counts are those of one undisturbed run, and a worker whose lease has expired cannot
//! write a row any more, however late its request arrives.
//!
//! It is **not atomic as a whole**: readers may see rows of an import that is not committed yet, and an import that failed in
//! the middle of its commit leaves the rows so far, to be finished by a rerun. Items change at most once per import, so an item that
//! somebody edits after its row was written keeps the edit, also when the import is rerun.
//!
//! [`Import::stage`](crate::Import::stage) writes to a temporary file only, which vanishes with the process; nothing is visible
//! before [`Import::commit`](crate::Import::commit). A dry run reads the same items and writes none.
//!
//! # The ledger
//!
//! The table `_sheetlift_imports` (key `import_id`, `entry`) has the entries `import`, `chunk#00000001` and so on with the rows that
//! did not enter, `reject#0000000001` and so on, and `lane#0` to `lane#7` while somebody is at work. It has to be in the account and
//! region of the target. `state` of the entry `import` is `running`, then `committed`, which is written last.
//!
//! # Permissions
//!
//! | of | actions |
//! | --- | --- |
//! | the target | `dynamodb:DescribeTable`, `BatchGetItem`, `PutItem`, and `UpdateItem` for upserts |
//! | the ledger | `dynamodb:GetItem`, `Query`, `PutItem`, `UpdateItem`, `DeleteItem`, `ConditionCheckItem` |
//! | both, where tables may be created | `dynamodb:CreateTable`, `DescribeTable` |
//!
//! # Modes
//!
//! `insert`, `insert_missing` and `upsert`. An upsert updates only the columns that differ; attributes that the import does not
//! know stay. There are no constraints but the key.
//!
//! # Types
//!
//! | Arrow | attribute |
//! | --- | --- |
//! | Int*, UInt*, Decimal32/64/128, Float16/32/64, Duration | N: exact, or the row is a conflict (more than 38 digits, outside of 1E-130 to 9.99E+125, NaN) |
//! | Boolean | BOOL |
//! | Utf8, LargeUtf8, Utf8View, dictionaries of them | S, also when empty; in a key an empty one is a conflict |
//! | Binary, LargeBinary, BinaryView, FixedSizeBinary | B |
//! | Date, Time, Timestamp | S: `2026-01-31`, `08:30:00`, `2026-01-31T08:30:00`, and `+00:00` behind instants |
//! | no value | no attribute |
//!
//! # Limits
//!
//! | of | limit |
//! | --- | --- |
//! | an item, names included | 400 KB; a larger one is a conflict |
//! | a partition key, a sort key, also of indexes | 2,048 and 1,024 bytes; a longer one is a conflict |
//! | columns of an upsert | 250 |
//! | transactions under way | 8, of at most 98 rows each |
//! | memory | about 40 bytes per row for the keys that were seen, 8 MiB of rows, and the transactions under way: 2 MiB of rows each, and for an upsert an answer of up to 16 MB |

mod chunk;
mod fault;
mod held;
mod import;
mod items;
mod lanes;
mod ledger;
mod merge;
mod number;
mod options;
mod progress;
mod reads;
mod schema;
mod session;
mod spool;
mod tables;
mod target;
mod transact;
mod values;

pub use options::DynamoOptions;

use session::{Session, Waiting};

use crate::error::Result;
use crate::plan::Plan;
use crate::sink::{Begin, Sink};

/// DynamoDB in one account and region.
#[derive(Debug, Clone)]
pub struct DynamoSink {
    session: Session,
    waiting: Waiting,
}

impl DynamoSink {
    /// A client for a DynamoDB. Nothing is asked of it before the first import begins.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`](crate::ErrorKind::Usage) when no region is given or found.
    pub fn open(options: &DynamoOptions) -> Result<DynamoSink> {
        let waiting = Waiting::new()?;
        let session = waiting.on(session::connect(options))?;
        Ok(DynamoSink { session, waiting })
    }
}

impl Sink for DynamoSink {
    fn name(&self) -> String {
        self.session.name.clone()
    }

    fn begin(&self, plan: &Plan) -> Result<Begin> {
        import::begin(self, plan)
    }
}
