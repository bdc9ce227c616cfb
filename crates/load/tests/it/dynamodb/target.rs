//! Tables that do not fit, and tables that are not there.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use sheetlift_load::conformance::{Database, claim, items, load, plan};
use sheetlift_load::dynamodb::{DynamoOptions, DynamoSink};
use sheetlift_load::{Error, ErrorKind, Mode, Plan, Sink, connect};

use super::database::{Dynamo, LEDGER, SECRET};
use super::emulator;

pub(super) fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    let attribute = AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(kind);
    attribute.build().unwrap()
}

pub(super) fn key(name: &str, role: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(role)
        .build()
        .unwrap()
}

/// Creates the table `items` with a partition key, and an index if asked to.
pub(super) fn create(db: &Dynamo, kind: ScalarAttributeType, index: Option<ScalarAttributeType>) {
    let mut table = db
        .client
        .create_table()
        .table_name("items")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("sku", kind))
        .key_schema(key("sku", KeyType::Hash));
    if let Some(kind) = index {
        let all = Projection::builder()
            .projection_type(ProjectionType::All)
            .build();
        let index = GlobalSecondaryIndex::builder()
            .index_name("by_stock")
            .key_schema(key("stock", KeyType::Hash))
            .projection(all);
        table = table
            .attribute_definitions(attribute("stock", kind))
            .global_secondary_indexes(index.build().unwrap());
    }
    db.wait(table.send()).unwrap();
}

fn refusal(db: &Dynamo, plan: &Plan) -> Error {
    let error = db.open().begin(plan).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET));
    assert_eq!(db.scan(LEDGER).len(), 0, "nothing is claimed");
    error
}

#[test]
fn a_missing_table_comes_with_its_command() {
    let db = Dynamo::new();
    let batch = items([("a", Some(1))]);
    let plan = plan("one", &batch).with_create_table(false);
    let error = refusal(&db, &plan);
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Target, "target/missing-table")
    );
    assert_eq!(
        error.ddl().unwrap(),
        "aws dynamodb create-table --table-name items --billing-mode PAY_PER_REQUEST \
         --attribute-definitions '[{\"AttributeName\":\"sku\",\"AttributeType\":\"S\"}]' \
         --key-schema '[{\"AttributeName\":\"sku\",\"KeyType\":\"HASH\"}]'"
    );
    create(&db, ScalarAttributeType::S, None);
    let error = refusal(&db, &plan);
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Target, "target/missing-ledger")
    );
    let command = error.ddl().unwrap();
    assert!(command.contains("--table-name _sheetlift_imports") && command.contains("RANGE"));
    let tables = db.wait(db.client.list_tables().send()).unwrap();
    assert_eq!(tables.table_names(), ["items"], "no table is created");

    // With the ledger there, nothing has to be created.
    let create = plan.clone().with_create_table(true);
    drop(claim(&db.open(), &create));
    assert_eq!(load(&db.open(), &plan, &batch).inserted, 1);
}

#[test]
fn keys_have_to_be_those_of_the_plan() {
    let db = Dynamo::new();
    let batch = items([("a", Some(1))]);
    let one = plan("one", &batch);
    let two = one.clone().with_key(["sku", "stock"]);
    create(&db, ScalarAttributeType::S, None);
    let error = refusal(&db, &two);
    assert_eq!(error.code(), "target/key");
    assert_eq!(
        error.to_string(),
        "table \"items\" has the key sku, and the plan has the key sku, stock"
    );
    let stocks: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let keyless = RecordBatch::try_from_iter([("stock", stocks)]).unwrap();
    let keyless = plan("keyless", &keyless)
        .with_key([""; 0])
        .with_mode(Mode::Insert);
    assert_eq!(refusal(&db, &keyless).code(), "target/missing-column");

    let db = Dynamo::new();
    create(&db, ScalarAttributeType::N, None);
    let error = refusal(&db, &one);
    assert_eq!(error.code(), "target/key-type");
    assert!(
        error
            .to_string()
            .contains("\"sku\" is text, which is of type S"),
        "{error}"
    );

    let db = Dynamo::new();
    create(&db, ScalarAttributeType::S, Some(ScalarAttributeType::S));
    let error = refusal(&db, &one);
    assert_eq!(error.code(), "target/key-type");
    assert!(
        error.to_string().contains("\"stock\" is integers"),
        "{error}"
    );
}

#[test]
fn tables_that_cannot_be_created_are_refused() {
    let db = Dynamo::new();
    let batch = items([("a", Some(1))]);
    let plan = plan("one", &batch);
    let keyless = plan.clone().with_key([""; 0]).with_mode(Mode::Insert);
    assert_eq!(refusal(&db, &keyless).code(), "usage/key-required");
    let unique = plan.clone().with_unique_key(["stock"]);
    let error = refusal(&db, &unique);
    assert_eq!(error.code(), "usage/unique-key");
    assert!(error.hint().unwrap().contains("aws dynamodb create-table"));
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    let names = ["a", "b", "c"].map(|name| (name, flags.clone()));
    let flags = RecordBatch::try_from_iter(names).unwrap();
    let flags = Plan::new(plan.import_key, "items", flags.schema());
    assert_eq!(
        refusal(&db, &flags.clone().with_key(["a"])).code(),
        "target/key-type"
    );
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let names = ["a", "b", "c"].map(|name| (name, texts.clone()));
    let texts = RecordBatch::try_from_iter(names).unwrap();
    let texts = Plan::new(plan.import_key, "items", texts.schema()).with_key(["a", "b", "c"]);
    assert_eq!(refusal(&db, &texts).code(), "usage/key-columns");
    let long = Plan::new(plan.import_key, "x".repeat(256), batch.schema()).with_key(["sku"]);
    assert_eq!(refusal(&db, &long).code(), "usage/table-name");
}

#[test]
fn a_ledger_of_another_shape_is_an_error() {
    let db = Dynamo::new();
    let table = db.client.create_table().table_name(LEDGER);
    let table = table
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("id", ScalarAttributeType::S))
        .key_schema(key("id", KeyType::Hash));
    db.wait(table.send()).unwrap();
    let batch = items([("a", Some(1))]);
    let error = refusal(&db, &plan("one", &batch));
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Target, "target/ledger")
    );
}

/// The same source, read by a version that reads it differently, must not be mixed with what another began.
#[test]
fn an_import_that_was_begun_with_other_rows_is_not_continued() {
    let db = Dynamo::new();
    let batch = items([("a", Some(1))]);
    let plan = plan("one", &batch);
    drop(claim(&db.open(), &plan));
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |text: &str| AttributeValue::N(text.to_owned());
    let id = plan.import_key.import_id();
    let begun = [
        ("import_id", text(&id)),
        ("entry", text("import")),
        ("state", text("running")),
        ("claim", text("somebody's")),
        ("fence", number("1")),
        ("lease_until_ms", number("0")),
    ];
    db.put(LEDGER, &begun);
    let chunk = [
        ("import_id", text(&id)),
        ("entry", text("chunk#00000001")),
        ("digest", text("other")),
        ("done", number("1")),
    ];
    db.put(LEDGER, &chunk);
    let mut import = claim(&db.open(), &plan);
    import.stage(&batch, &[0]).unwrap();
    let error = import.commit(false).unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Sink, "sink/other-rows")
    );
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("delete the items of that import_id"),
        "{hint}"
    );
    assert_eq!(db.scan("items").len(), 0);
    // The claim was given up with it: nobody has to wait.
    drop(claim(&db.open(), &plan));
}

#[test]
fn a_table_that_vanishes_is_missed_at_the_commit() {
    let db = Dynamo::new();
    create(&db, ScalarAttributeType::S, None);
    let batch = items([("a", Some(1))]);
    let plan = plan("one", &batch);
    let mut import = claim(&db.open(), &plan);
    import.stage(&batch, &[0]).unwrap();
    db.wait(db.client.delete_table().table_name("items").send())
        .unwrap();
    assert_eq!(
        import.commit(false).unwrap_err().code(),
        "target/missing-table"
    );
    assert_eq!(db.scan(LEDGER).len(), 0, "the claim is given up");
    assert_eq!(load(&db.open(), &plan, &batch).inserted, 1);
}

#[test]
fn nothing_that_is_printed_holds_a_secret() {
    let db = Dynamo::new();
    let batch = items([("a", Some(1))]);
    let plan = plan("one", &batch);
    let sink = db.open();
    assert!(!format!("{sink:?} {}", sink.name()).contains(SECRET));
    assert_eq!(sink.name(), "dynamodb://eu-west-1");
    let nowhere = DynamoOptions::default()
        .with_region("eu-west-1")
        .with_endpoint("http://127.0.0.1:9")
        .with_credentials("id", SECRET, Some(SECRET.to_owned()));
    let error = DynamoSink::open(&nowhere)
        .unwrap()
        .begin(&plan)
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Sink, "sink/unreachable")
    );
    assert!(
        !format!("{error} {error:?} {nowhere:?}").contains(SECRET),
        "{error:?}"
    );
    println!("{error}");
    let error = connect(&format!("dynamodb://id:{SECRET}@eu-west-1"))
        .map(|_| ())
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET));
}

#[test]
fn imports_run_inside_of_another_runtime() {
    let db = Dynamo::new();
    let batch = items([("a", Some(1))]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let address = format!("dynamodb://eu-west-1?endpoint={}", emulator::endpoint());
    runtime.block_on(async {
        // Here a runtime could neither wait nor be dropped.
        let sink = db.open();
        assert_eq!(load(&sink, &plan("one", &batch), &batch).inserted, 1);
        drop(claim(&sink, &plan("two", &batch)));
        drop(sink);
        drop(connect(&address).unwrap());
    });
    let found = db.rows("items", &["sku", "stock"]);
    assert_eq!(found, [["a", "1"].map(|text| Some(text.to_owned()))]);
    assert_eq!(
        db.scan("items")[0]["stock"],
        AttributeValue::N("1".to_owned())
    );
}
