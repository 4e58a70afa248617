//! Chaos: visitors come without a pause while instances are killed, hung and restarted, and hardly a visit may fail.

mod heard;
mod report;
mod trouble;
mod visitors;

pub(super) use heard::Heard;

use super::{
    Shop,
    process::{Event, Started},
    told_to_stop,
};
use mesh_tower::BoxError;
use report::Report;
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};
use trouble::Trouble;
use visitors::Visitors;

/// How often there is something to look at.
const TICK: Duration = Duration::from_millis(250);
/// How many of them pass from one word about the progress to the next.
const TICKS_A_WORD: u32 = 20;

/// Makes trouble for so long, or until told to stop, and says what became of the visits.
///
/// # Errors
/// The visitors cannot begin, or more visits failed than may.
pub(super) async fn run(
    shop: &Shop,
    ready: Vec<Started>,
    events: &mut mpsc::UnboundedReceiver<Event>,
    lasting: Duration,
) -> Result<(), BoxError> {
    let mut trouble = Trouble::among(&ready)?;
    let visitors = Visitors::begin(shop.port, &shop.live.authority()).await?;
    shop.screen.say(&format!(
        "{} visitors read for {} s while instances are killed, hung and restarted. Ctrl-C ends it earlier.",
        visitors::COUNT,
        lasting.as_secs()
    ));
    let begun = Instant::now();
    tokio::select! {
        () = go_on(shop, &mut trouble, &visitors, events, begun + lasting) => {}
        stopped = told_to_stop() => stopped?,
    }
    let lasted = begun.elapsed();
    let report = Report::new(visitors.end().await, &trouble.end(), lasted);
    shop.screen.say(&report.text(&shop.heard));
    report.verdict()
}

async fn go_on(
    shop: &Shop,
    trouble: &mut Trouble,
    visitors: &Visitors,
    events: &mut mpsc::UnboundedReceiver<Event>,
    until: Instant,
) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ticked = 0;
    while Instant::now() < until {
        tokio::select! {
            Some(event) = events.recv() => trouble.note(event),
            now = ticks.tick() => {
                if let Some(said) = trouble.go_on(now) {
                    shop.screen.say(&said);
                }
                ticked += 1;
                if ticked % TICKS_A_WORD == 0 {
                    let (visits, failures) = visitors.so_far();
                    shop.screen.say(&format!("  {visits} visits, {failures} failures"));
                }
            }
        }
    }
}
