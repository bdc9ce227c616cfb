//! A network that loses answers, and one that is gone for a while.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use sheetlift_load::dynamodb::{DynamoOptions, DynamoSink};

use super::database::{Dynamo, REGION, SECRET};
use super::emulator;
use super::scenario::{everything, run, seed, undisturbed};

/// Passes bytes on to the emulator and back, but not always.
#[derive(Default)]
struct Network {
    answers: AtomicU32,
    /// Every so many answers one is lost, with its connection; 0 loses none.
    loses_every: u32,
    is_cut: AtomicBool,
}

impl Network {
    fn start(self) -> (Arc<Network>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let network = Arc::new(self);
        let shared = network.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let network = shared.clone();
                thread::spawn(move || network.pass(client));
            }
        });
        (network, address)
    }

    fn pass(self: Arc<Network>, client: TcpStream) {
        let to = emulator::endpoint().trim_start_matches("http://");
        let server = TcpStream::connect(to).unwrap();
        let (from_client, to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let network = self.clone();
        thread::spawn(move || network.copy(from_client, to_server, false));
        self.copy(server, client, true);
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream, answers: bool) {
        let mut bytes = [0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            let count = match answers {
                true => self.answers.fetch_add(1, Ordering::SeqCst) + 1,
                false => 0,
            };
            let lost = answers && self.loses_every > 0 && count % self.loses_every == 0;
            let is_cut = self.is_cut.load(Ordering::SeqCst);
            if lost || is_cut || to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }
}

fn open(db: &Dynamo, endpoint: &str) -> DynamoSink {
    let options = DynamoOptions::default()
        .with_region(REGION)
        .with_endpoint(endpoint)
        .with_credentials(&db.account, SECRET, None);
    DynamoSink::open(&options).unwrap()
}

/// What was asked for was done, and the answer did not arrive.
#[test]
fn answers_that_get_lost_are_found_out() {
    let (outcome, expected) = undisturbed();
    let db = Dynamo::new();
    seed(&db);
    let network = Network {
        loses_every: 4,
        ..Network::default()
    };
    let (network, endpoint) = network.start();
    assert_eq!(&run(&open(&db, &endpoint), 60_000).unwrap(), outcome);
    assert_eq!(&everything(&db), expected);
    assert!(network.answers.load(Ordering::SeqCst) > 40);
}

#[test]
fn a_network_that_comes_back_is_waited_for() {
    let (outcome, expected) = undisturbed();
    let db = Dynamo::new();
    seed(&db);
    let (network, endpoint) = Network::default().start();
    let sink = open(&db, &endpoint);
    let found = thread::scope(|scope| {
        let load = scope.spawn(|| run(&sink, 60_000));
        while network.answers.load(Ordering::SeqCst) < 25 {
            thread::sleep(Duration::from_millis(1));
        }
        network.is_cut.store(true, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(1_500));
        assert!(!load.is_finished(), "it was cut off in the middle");
        network.is_cut.store(false, Ordering::SeqCst);
        load.join().unwrap()
    });
    assert_eq!(&found.unwrap(), outcome);
    assert_eq!(&everything(&db), expected);
}
