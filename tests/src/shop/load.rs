//! Many visitors at once.

use super::{Connection, PATIENCE, Reply, Shop};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Duration, Instant, timeout},
};

/// Visitors who read a path again as soon as they are answered, until this is dropped.
pub struct Load {
    visits: mpsc::UnboundedReceiver<Visit>,
    _visitors: JoinSet<()>,
}

/// One answer to a visitor.
pub struct Visit {
    /// When the request was sent.
    pub sent: Instant,
    /// When the answer was there, whole.
    pub answered: Instant,
    /// The answer.
    pub reply: Reply,
}

impl Visit {
    /// How long the visitor waited.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.answered - self.sent
    }
}

impl Load {
    /// So many connections, each with a reader's token; one of eight speaks HTTP/2.
    pub async fn start(shop: &Shop, connections: usize, path: &'static str) -> Self {
        let token = shop.token("reader").await;
        let (sender, visits) = mpsc::unbounded_channel();
        let mut visitors = JoinSet::new();
        for number in 0..connections {
            let is_http2 = number % 8 == 7;
            let connection = if is_http2 { shop.connect_http2().await } else { shop.connect().await };
            visitors.spawn(visit(connection, token.clone(), path, sender.clone()));
        }
        Self { visits, _visitors: visitors }
    }

    /// The next answer to anybody.
    ///
    /// # Panics
    /// There is none in time, or no visitor is left.
    pub async fn next(&mut self) -> Visit {
        let visit = timeout(PATIENCE, self.visits.recv()).await;
        visit.expect("an answer in time").expect("visitors that go on")
    }
}

/// Visits until nobody listens.
async fn visit(
    mut connection: Connection,
    token: String,
    path: &'static str,
    visits: mpsc::UnboundedSender<Visit>,
) {
    loop {
        let sent = Instant::now();
        let reply = connection.get(&token, path).await;
        if visits.send(Visit { sent, answered: Instant::now(), reply }).is_err() {
            return;
        }
    }
}
