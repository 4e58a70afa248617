//! Reports connections of which no requests are seen.

use super::{metrics::Counting, report::Report, reporter::Reporter};
use crate::{
    context::Arrival,
    event::{Ending, Exchange, Observe, Side, Traffic},
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// A connection that is reported. It ends when this is dropped.
///
/// Its labels are those that are known when it is [opened](Self::opened), or else when it ends; Istio's sidecars hold them
/// as fixed.
#[derive(Debug)]
pub(crate) struct Connection {
    /// None of either when nobody wants to know anything of it.
    reported: Option<Reported>,
    traffic: Traffic,
}

struct Reported {
    exchange: Box<Exchange>,
    report: Arc<Report>,
    /// Not before it is opened, and never when nothing is measured.
    counting: Option<Counting>,
    is_opened: bool,
    /// How much of its traffic was reported: what came, and what went.
    told: [u64; 2],
}

impl Reporter {
    /// A connection has come, of which no requests are seen.
    pub(crate) fn connection(&self, side: Side, is_gateway: bool, arrival: &Arrival) -> Connection {
        let reported = self.report_of_connections(side).map(|report| {
            let mut exchange = self.fresh();
            exchange.begun = Instant::now();
            exchange.side = side;
            exchange.is_gateway = is_gateway;
            exchange.is_connection = true;
            exchange.arrival = Some(arrival.clone());
            report.note_connection(&mut exchange);
            exchange.observer = Some(Arc::clone(&report) as _);
            Reported { exchange, report, counting: None, is_opened: false, told: [0, 0] }
        });
        Connection { reported, traffic: Traffic::default() }
    }
}

impl Connection {
    /// What is to count its bytes.
    pub(crate) fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    /// Something is known of it.
    pub(crate) fn note(&mut self, tell: impl FnOnce(&mut Exchange)) {
        if let Some(reported) = &mut self.reported {
            tell(&mut reported.exchange);
        }
    }

    /// It is open to its end: what is known of it now is what its metrics say.
    pub(crate) fn opened(&mut self) {
        if let Some(reported) = &mut self.reported {
            reported.open();
        }
    }

    /// Works on it, and meanwhile reports its bytes as often as documents say. It ends with the work.
    ///
    /// Dropping the future ends it, too.
    pub(crate) async fn during<F: Future>(mut self, work: F) -> F::Output {
        let every = self.reported.as_ref().map_or(Duration::ZERO, Reported::interval);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    self.note(|exchange| exchange.ending = Ending::Whole);
                    return done;
                }
                () = sleep(every), if every > Duration::ZERO => self.tell(),
            }
        }
    }

    fn tell(&mut self) {
        let passed = self.traffic.so_far();
        if let Some(reported) = &mut self.reported {
            reported.tell(passed);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let passed = self.traffic.so_far();
        if let Some(reported) = self.reported.take() {
            reported.end(passed);
        }
    }
}

impl Reported {
    fn interval(&self) -> Duration {
        self.report.interval(self.exchange.side)
    }

    fn open(&mut self) {
        if !std::mem::replace(&mut self.is_opened, true) {
            self.counting = self.report.connection(&self.exchange);
            self.counting.iter().for_each(|counting| counting.open());
        }
    }

    fn tell(&mut self, passed: [u64; 2]) {
        let [received, sent] = [0, 1].map(|place| passed[place].saturating_sub(self.told[place]));
        if let Some(counting) = &self.counting {
            counting.pass(received, sent);
        }
        self.told = passed;
    }

    fn end(mut self, passed: [u64; 2]) {
        self.open();
        self.tell(passed);
        self.counting.iter().for_each(|counting| counting.close());
        [self.exchange.request_bytes, self.exchange.response_bytes] = passed;
        let ending = self.exchange.ending;
        self.exchange.end(ending);
    }
}

impl std::fmt::Debug for Reported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reported").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}
