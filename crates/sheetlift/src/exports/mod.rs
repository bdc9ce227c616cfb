//! A contract in other words: a table of a database, a spreadsheet to fill in. (As JSON Schema it is in the core.)

#[cfg(feature = "sqlite")]
mod ddl;
#[cfg(feature = "sqlite")]
mod from_table;
mod template;

#[cfg(feature = "sqlite")]
pub use ddl::contract_ddl;
#[cfg(feature = "sqlite")]
pub use from_table::{FromTable, contract_from_table};
pub use template::template_xlsx;
