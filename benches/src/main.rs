//! The Rust side of `peers/compare.py`: one measurement in this process, printed as JSON.
//!
//! ```text
//! peers calamine-cells FILE    calamine's cell reader, every value looked at
//! peers calamine-range FILE    calamine's whole sheet as a range
//! peers inflate FILE           libdeflate over the sheet and its strings: the time no reader can beat on one thread
//! ```

use std::{env, error::Error, fs::File, io::Read, time::Instant};

use calamine::{DataRef, Reader, Xlsx, open_workbook};
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [tool, file] = &args[..] else {
        return Err("give a tool and a file".into());
    };
    let measured = match tool.as_str() {
        "calamine-cells" => timed(|| cells(file))?,
        "calamine-range" => timed(|| range(file))?,
        "inflate" => inflate(file)?,
        _ => return Err(format!("there is no tool {tool:?}").into()),
    };
    println!("{}", json!({"seconds": measured.0, "rows": measured.1}));
    Ok(())
}

fn timed(work: impl FnOnce() -> Outcome<usize>) -> Outcome<(f64, usize)> {
    let started = Instant::now();
    let rows = work()?;
    Ok((started.elapsed().as_secs_f64(), rows))
}

fn cells(file: &str) -> Outcome<usize> {
    let mut workbook: Xlsx<_> = open_workbook(file)?;
    let sheet = workbook.sheet_names().first().cloned().ok_or("no sheet")?;
    let mut reader = workbook.worksheet_cells_reader(&sheet)?;
    let (mut last_row, mut values) = (0, 0usize);
    while let Some(cell) = reader.next_cell()? {
        last_row = cell.get_position().0;
        values += usize::from(!matches!(cell.get_value(), DataRef::Empty));
    }
    assert!(values > 0, "the sheet has values");
    Ok(last_row as usize)
}

fn range(file: &str) -> Outcome<usize> {
    let mut workbook: Xlsx<_> = open_workbook(file)?;
    let range = workbook.worksheet_range_at(0).ok_or("no sheet")??;
    Ok(range.height() - 1)
}

/// Into memory that was touched before, the best of three: what is measured is inflating.
fn inflate(file: &str) -> Outcome<(f64, usize)> {
    let mut archive = zip::ZipArchive::new(File::open(file)?)?;
    let (mut seconds, mut bytes) = (0.0, 0);
    for index in 0..archive.len() {
        let mut entry = archive.by_index_raw(index)?;
        let name = entry.name()?;
        let is_ours = name.contains("worksheets/") || name.ends_with("Strings.xml");
        if !is_ours || entry.compression() != zip::CompressionMethod::Deflated {
            continue;
        }
        let mut out = vec![0; usize::try_from(entry.size())?];
        let mut compressed = Vec::new();
        entry.read_to_end(&mut compressed)?;
        let mut best = f64::MAX;
        for _ in 0..4 {
            let started = Instant::now();
            let mut inflater = libdeflater::Decompressor::new();
            bytes += inflater.deflate_decompress(&compressed, &mut out)?;
            best = best.min(started.elapsed().as_secs_f64());
        }
        seconds += best;
    }
    Ok((seconds, bytes / 4))
}
