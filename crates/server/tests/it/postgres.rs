//! Loading into PostgreSQL over HTTP: a real server, which the test starts.

use sheetlift_fixtures::{inventory::dirty_inventory, servers::Postgres};

use crate::client::Service;

#[test]
fn the_inventory_is_loaded_once() {
    let server = Postgres::shared();
    let database = server.database();
    let service = Service::start_without_target(&["--target", &server.address(&database)]);
    let load = "/v1/load?contract=inventory";
    let problem = service
        .post(load, &dirty_inventory())
        .problem(400, "target/missing-table");
    assert!(
        problem["ddl"]
            .as_str()
            .unwrap()
            .starts_with("CREATE TABLE ")
    );
    let create = format!("{load}&create_table=true");
    for state in ["committed", "already_loaded"] {
        let answer = service.post(&create, &dirty_inventory());
        assert_eq!(answer.status, 200, "{}", answer.text());
        let report = answer.json();
        assert_eq!(report["load"]["state"], state);
        assert_eq!(report["load"]["inserted"], 200);
    }
    let rows = server.psql(&database, "SELECT count(*) FROM inventory");
    assert_eq!(rows.unwrap(), "200\n");
}
