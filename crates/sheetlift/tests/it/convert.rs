//! What is written is what was read, in every format.

use std::{
    io::{self, Cursor, Write},
    sync::Arc,
};

use crate::common::{contract, dirty, job};
use arrow_array::{Array, RecordBatch, cast::AsArray};
use arrow_cast::cast;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType};
use arrow_select::concat::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sheetlift::{
    CancelToken, Compression, Converted, ErrorKind, Format, Job, ReadOptions, TextRepr,
};
use sheetlift_fixtures::{Book, forge, inventory};

fn convert(job: &Job, format: Format) -> (Vec<u8>, Converted) {
    let mut out = Vec::new();
    let done = job.convert(format, &mut out).unwrap();
    assert_eq!(done.bytes, out.len() as u64);
    (out, done)
}

fn one(batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>) -> RecordBatch {
    let batches: Vec<_> = batches.collect::<Result<_, _>>().unwrap();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

fn parquet(bytes: Vec<u8>) -> RecordBatch {
    one(
        ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))
            .unwrap()
            .build()
            .unwrap(),
    )
}

fn ipc_file(bytes: Vec<u8>) -> RecordBatch {
    one(FileReader::try_new(Cursor::new(bytes), None).unwrap())
}

fn ipc_stream(bytes: Vec<u8>) -> RecordBatch {
    one(StreamReader::try_new(Cursor::new(bytes), None).unwrap())
}

/// Texts in one representation, so that tables can be compared.
fn plain(batch: &RecordBatch) -> Vec<Arc<dyn Array>> {
    let text = |kind: &DataType| matches!(kind, DataType::Utf8View | DataType::Dictionary(..));
    let columns = batch.columns().iter();
    columns
        .map(|column| {
            if text(column.data_type()) {
                cast(column, &DataType::Utf8).unwrap()
            } else {
                column.clone()
            }
        })
        .collect()
}

#[test]
fn binary_formats_hold_the_table() {
    for (text, rows) in [
        (TextRepr::View, 65_536),
        (TextRepr::Utf8, 100),
        (TextRepr::Dictionary, 7),
    ] {
        let options = ReadOptions::default().with_text(text).with_batch_rows(rows);
        let job = job(inventory::dirty_inventory()).with_read(options);
        let table = job.table().unwrap().read_all().unwrap();
        let expected = plain(&concat_batches(&table.schema, &table.batches).unwrap());
        for (format, read) in [
            (
                Format::Parquet(Compression::Zstd),
                parquet as fn(Vec<u8>) -> RecordBatch,
            ),
            (Format::Parquet(Compression::Snappy), parquet),
            (Format::ArrowFile, ipc_file),
            (Format::ArrowStream, ipc_stream),
        ] {
            let (bytes, done) = convert(&job, format);
            assert_eq!((done.rows, done.error_cells), (240, 4), "{format}");
            assert_eq!(plain(&read(bytes)), expected, "{format} {text:?}");
        }
    }
}

#[test]
fn a_batch_carries_its_own_strings_only() {
    let options = ReadOptions::default()
        .with_batch_rows(10)
        .with_columns(["name"]);
    let (bytes, _) = convert(
        &job(inventory::clean_inventory()).with_read(options),
        Format::ArrowStream,
    );
    let reader = StreamReader::try_new(Cursor::new(bytes), None).unwrap();
    for batch in reader {
        let names = batch.unwrap().column(0).as_string_view().clone();
        let long: usize = names
            .iter()
            .flatten()
            .map(str::len)
            .filter(|len| *len > 12)
            .sum();
        let held: usize = names.data_buffers().iter().map(|buffer| buffer.len()).sum();
        // Buffers are padded to 64 bytes on the way.
        assert!(held <= long + 64, "{held} bytes for {long}");
    }
}

#[test]
fn contracts_let_accepted_rows_through() {
    for text in [TextRepr::View, TextRepr::Dictionary] {
        let job = dirty().with_read(ReadOptions::default().with_text(text));
        let (bytes, done) = convert(&job, Format::Parquet(Compression::Zstd));
        let table = parquet(bytes);
        assert_eq!((done.rows, table.num_rows()), (200, 200));
        assert_eq!(table.schema().field(0).name(), "sku");
        assert_eq!(*done.schema.field(6).data_type(), DataType::Int64);
        let report = done.report.unwrap();
        assert_eq!((report.rows.rejected, report.counts.errors), (40, 43));
    }
    let blocked = job(Book::new().sheet("Sheet1", "").build()).with_contract(contract());
    let (bytes, done) = convert(&blocked, Format::Csv);
    assert!(done.report.unwrap().blocked);
    assert!(bytes.starts_with(b"sku,name,") && done.rows == 0);
}

/// One column of each kind, the last one without a value.
fn kinds() -> Job {
    let formats =
        ["yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "hh:mm:ss", "[h]:mm"].map(forge::Format::Code);
    let cells = |r: u32, values: [&str; 8]| {
        let cells = values.iter().enumerate().map(|(column, value)| {
            let at = format!("{}{r}", char::from(b'A' + column as u8));
            match (column, *value) {
                (_, "") => String::new(),
                (0, text) => format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#),
                (3, flag) => format!(r#"<c r="{at}" t="b"><v>{flag}</v></c>"#),
                (4.., value) => format!(r#"<c r="{at}" s="{}"><v>{value}</v></c>"#, column - 3),
                (_, value) => format!(r#"<c r="{at}"><v>{value}</v></c>"#),
            }
        });
        format!(r#"<row r="{r}">{}</row>"#, cells.collect::<String>())
    };
    let labels = [
        "text",
        "int",
        "float",
        "bool",
        "date",
        "timestamp",
        "time",
        "duration",
        "nothing",
    ];
    let header: String = (b'A'..)
        .zip(labels)
        .map(|(c, label)| {
            format!(
                r#"<c r="{}1" t="inlineStr"><is><t>{label}</t></is></c>"#,
                char::from(c)
            )
        })
        .collect();
    let rows = format!(
        r#"<row r="1">{header}</row>{}{}"#,
        cells(
            2,
            [
                "a,&quot;b",
                "-7",
                "0.1",
                "1",
                "45351",
                "45351.75",
                "0.75",
                "1.5"
            ]
        ),
        cells(3, ["", "", "", "", "", "", "", ""])
    );
    let last = r#"<row r="4"><c r="B4"><v>9007199254740993</v></c></row>"#;
    job(Book::new()
        .formats(&formats)
        .sheet("Sheet1", &(rows + last))
        .build())
}

#[test]
fn texts_are_iso_8601() {
    let (csv, _) = convert(&kinds(), Format::Csv);
    assert_eq!(
        String::from_utf8(csv).unwrap(),
        "text,int,float,bool,date,timestamp,time,duration,nothing\n\
         \"a,\"\"b\",-7,0.1,true,2024-02-29,2024-02-29T18:00:00,18:00:00,PT129600S,\n\
         ,,,,,,,,\n\
         ,9007199254740993,,,,,,,\n"
    );
    let (lines, _) = convert(&kinds(), Format::NdJson);
    let lines = String::from_utf8(lines).unwrap();
    let first = r#"{"text":"a,\"b","int":-7,"float":0.1,"bool":true,"date":"2024-02-29","timestamp":"2024-02-29T18:00:00","time":"18:00:00","duration":"PT129600S","nothing":null}"#;
    assert_eq!(lines.lines().next(), Some(first));
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn every_kind_survives_binary_formats() {
    let table = kinds().table().unwrap().read_all().unwrap();
    let expected = concat_batches(&table.schema, &table.batches).unwrap();
    let written = parquet(convert(&kinds(), Format::Parquet(Compression::Zstd)).0);
    assert_eq!(plain(&written), plain(&expected));
    assert_eq!(
        written.schema().field(7).data_type(),
        expected.schema().field(7).data_type()
    );
    assert_eq!(
        plain(&ipc_file(convert(&kinds(), Format::ArrowFile).0)),
        plain(&expected)
    );
}

#[test]
fn a_sheet_without_cells_is_an_empty_table() {
    let empty = job(Book::new().sheet("Sheet1", "").build());
    for format in ["parquet", "arrow", "arrows", "csv", "ndjson"] {
        let (_, done) = convert(&empty, format.parse().unwrap());
        assert_eq!((done.rows, done.schema.fields().len()), (0, 0), "{format}");
    }
}

#[test]
fn a_writer_that_fails_says_why() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(buf.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in ["parquet", "arrow", "arrows", "csv", "ndjson"] {
        let job = job(inventory::clean_inventory());
        let error = job
            .convert(format.parse().unwrap(), Full(1000))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{format}: {error}");
        assert_eq!(
            error.io_error().unwrap().kind(),
            io::ErrorKind::StorageFull,
            "{format}"
        );
    }
}

#[test]
fn a_pulled_token_stops_a_conversion() {
    let token = CancelToken::new();
    token.cancel();
    let job = job(inventory::clean_inventory()).with_cancel(token);
    assert_eq!(
        job.convert(Format::Csv, io::sink()).unwrap_err().kind(),
        ErrorKind::Cancelled
    );
    assert_eq!(job.inspect(false).unwrap_err().kind(), ErrorKind::Cancelled);
}
