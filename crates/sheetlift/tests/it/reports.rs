//! Reports as files.

use std::collections::HashSet;

use crate::common::{dirty, job, without_place};
use arrow_array::{Array, RecordBatchReader, cast::AsArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use quick_xml::{Reader, events::Event};
use serde_json::Value;
use sheetlift::{Contract, Format, Report};
use sheetlift_fixtures::Book;

/// A report on cells that would like to be something else.
fn hostile() -> Report {
    let texts = [
        "</script><img src=x onerror=alert(1)>",
        "=HYPERLINK(\"http://x\")",
        "-1",
        "+x",
        "<![CDATA[&amp;]]>\u{1}",
        "\u{202e}abc",
    ];
    let mut rows =
        String::from("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>a</t></is></c></row>");
    for (at, text) in texts.iter().enumerate() {
        let text = sheetlift_fixtures::forge::escape(text).replace('\u{1}', "_x0001_");
        let row = at + 2;
        rows += &format!(
            "<row r=\"{row}\"><c r=\"A{row}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c></row>"
        );
    }
    let contract: Contract = "fields: [{name: a, constraints: {enum: [x]}}]"
        .parse()
        .unwrap();
    let book = Book::new().sheet("</title><b>", &rows).build();
    let report = job(book)
        .with_contract(contract)
        .with_all_findings_kept(true)
        .validate()
        .unwrap();
    assert_eq!(report.counts.errors, texts.len() as u64);
    report
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> sheetlift::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn csv_has_no_formulas_and_every_finding() {
    let report = hostile();
    let csv = written(|out| report.write_findings(Format::Csv, out));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let value = header.iter().position(|name| name == "value").unwrap();
    let values: Vec<String> = reader
        .records()
        .map(|record| record.unwrap()[value].to_owned())
        .collect();
    assert_eq!(
        values,
        [
            "</script><img src=x onerror=alert(1)>",
            "'=HYPERLINK(\"http://x\")",
            "-1",
            "'+x",
            "<![CDATA[&amp;]]>\u{1}",
            "\u{202e}abc"
        ]
    );
    let report = dirty()
        .with_max_findings(2)
        .with_all_findings_kept(true)
        .validate()
        .unwrap();
    let csv = written(|out| report.write_findings(Format::Csv, out));
    let rows = csv::Reader::from_reader(csv.as_bytes())
        .into_records()
        .count();
    assert_eq!(rows as u64, report.counts.errors);
    let lines = written(|out| report.write_findings(Format::NdJson, out));
    assert_eq!(lines.lines().count() as u64, report.counts.errors);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(without_place(&first), report.to_json()["findings"][0]);
}

#[test]
fn json_is_written_as_it_is_given() {
    for report in [hostile(), dirty().validate().unwrap()] {
        let text = written(|out| report.write_json(out));
        assert_eq!(text, format!("{:#}\n", report.to_json()));
    }
}

#[test]
fn parquet_has_the_same_findings() {
    let report = hostile();
    let mut out = Vec::new();
    report
        .write_findings(Format::Parquet(Default::default()), &mut out)
        .unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(out)).unwrap();
    let reader = reader.build().unwrap();
    let value = reader.schema().index_of("value").unwrap();
    let values: Vec<String> = reader
        .flat_map(|batch| {
            let batch = batch.unwrap();
            let texts = batch.column(value).as_string::<i32>().clone();
            (0..texts.len())
                .map(move |row| texts.value(row).to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let expected: Vec<String> = report
        .findings
        .iter()
        .map(|f| f.value.clone().unwrap())
        .collect();
    assert_eq!(values, expected);
}

#[test]
fn the_page_has_the_findings_and_no_markup_of_cells() {
    let report = hostile();
    let page = written(|out| report.write_html(out));
    assert_eq!(
        page.matches("</script>").count(),
        2,
        "the data, and the code"
    );
    assert!(!page.contains("<img") && !page.contains("NONCE") && !page.contains(">DATA<"));
    assert!(
        !page.contains("src=\"http") && !page.contains("url("),
        "it loads nothing"
    );
    let data = page
        .split("id=\"data\">")
        .nth(1)
        .unwrap()
        .split("</script>")
        .next()
        .unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["findings"].as_array().unwrap().len(), 6);
    assert_eq!(
        data["findings"][0]["value"],
        "</script><img src=x onerror=alert(1)>"
    );
    assert_eq!(data["report"]["counts"]["errors"], 6);
    let policy = page
        .split("http-equiv=\"Content-Security-Policy\" content=\"")
        .nth(1)
        .unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'nonce-"),
        "{}",
        &policy[..80]
    );
}

#[test]
fn junit_is_xml_with_a_failure_for_each_broken_rule() {
    for report in [hostile(), dirty().validate().unwrap()] {
        let broken = report
            .findings
            .iter()
            .map(|finding| (&finding.field, &finding.rule));
        let failures = broken.collect::<HashSet<_>>().len();
        let xml = written(|out| report.write_junit(out));
        let mut reader = Reader::from_str(&xml);
        let (mut found, mut cases, mut said) = (0, 0, String::new());
        loop {
            match reader
                .read_event()
                .unwrap_or_else(|error| panic!("{error}\n{xml}"))
            {
                Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                    "failure" => found += 1,
                    "testcase" => cases += 1,
                    "testsuite" => {
                        let count = tag.try_get_attribute("failures").unwrap().unwrap();
                        said = count.value.into_owned();
                    }
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!((found, cases), (failures, failures + 1), "{xml}");
        assert_eq!(said, failures.to_string());
        assert!(!xml.contains('\u{1}'));
    }
}

#[test]
fn sarif_names_each_cell() {
    let report = dirty().validate().unwrap();
    let sarif: Value = serde_json::from_str(&written(|out| report.write_sarif(out))).unwrap();
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len() as u64, report.counts.errors);
    let first = &results[0];
    assert_eq!(first["ruleId"], "cell/type");
    let rule = first["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], first["ruleId"]);
    let place = &first["locations"][0];
    assert_eq!(
        place["logicalLocations"][0]["fullyQualifiedName"],
        "Items!G5"
    );
    assert_eq!(place["physicalLocation"]["region"]["startLine"], 5);
    assert_eq!(place["physicalLocation"]["region"]["startColumn"], 7);
    assert_eq!(
        place["physicalLocation"]["artifactLocation"]["uri"],
        "items.xlsx"
    );
}
