//! A DNS server that says what it is told to.

use hickory_resolver::proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{RData, Record, RecordType},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{net::UdpSocket, task::JoinSet};

/// What is said of a name.
#[derive(Clone, Debug)]
pub enum Says {
    /// It has these addresses, for so many seconds.
    Addresses(Vec<IpAddr>, u32),
    /// Nobody could find out.
    Failure,
}

/// A DNS server over UDP. Names that it was told nothing of do not exist. Dropping it leaves questions unanswered.
#[derive(Debug)]
pub struct NameServer {
    /// Where it listens.
    pub address: SocketAddr,
    says: Arc<Mutex<BTreeMap<String, Says>>>,
    _task: JoinSet<()>,
}

impl NameServer {
    /// A server that knows nobody.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("a bound socket");
        let says = Arc::<Mutex<BTreeMap<String, Says>>>::default();
        let (told, mut task) = (Arc::clone(&says), JoinSet::new());
        task.spawn(async move {
            let mut buffer = [0; 2048];
            while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
                let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
                let answer = answer(&question, &told.lock().unwrap_or_else(PoisonError::into_inner));
                let answer = answer.to_vec().expect("a message");
                // Who asked may be gone.
                let _ = socket.send_to(&answer, client).await;
            }
        });
        Self { address, says, _task: task }
    }

    /// From now on it says this of a name.
    pub fn tell(&self, name: &str, says: Says) {
        self.says.lock().unwrap_or_else(PoisonError::into_inner).insert(format!("{name}."), says);
    }

    /// From now on it says these addresses of a name, for a second.
    pub fn point(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|text| text.parse().expect("an address")).collect();
        self.tell(name, Says::Addresses(addresses, 1));
    }
}

fn answer(question: &Message, says: &BTreeMap<String, Says>) -> Message {
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    answer.metadata.recursion_available = true;
    answer.add_queries(question.queries.iter().cloned());
    let Some(query) = question.queries.first() else { return answer };
    match says.get(&query.name.to_string()) {
        Some(Says::Addresses(addresses, ttl)) => {
            let of_family = addresses.iter().filter(|address| match query.query_type {
                RecordType::A => address.is_ipv4(),
                RecordType::AAAA => address.is_ipv6(),
                _ => false,
            });
            let record =
                |address: &IpAddr| Record::from_rdata(query.name.clone(), *ttl, RData::from(*address));
            answer.add_answers(of_family.map(record));
        }
        Some(Says::Failure) => answer.metadata.response_code = ResponseCode::ServFail,
        None => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer
}
