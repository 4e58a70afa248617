//! Keeps a workload's credentials young.

use super::{Credentials, Identity, IssueFault, Issuer, schedule};
use std::time::{Duration, SystemTime};

/// How often the wall clock is looked at while nothing is due: it can jump, and the machine can sleep.
const LOOK: Duration = Duration::from_secs(60);
/// The longest that an issuer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The lifetime that pauses are reckoned with before there is any certificate.
const UNKNOWN: Duration = Duration::from_secs(100);

/// Asks `issuer` for credentials and puts them into `identity`; again at half their life, at once when the issuer has
/// something new, and soon after a failure. Runs for ever: to stop, drop the future; the last credentials stay.
///
/// What there is holds until its end while there is nothing better; whoever shakes hands asks [`Identity::valid`], which
/// has nothing to give from then on. `dice` give the jitter, `clock` the wall time.
pub async fn rotate<I: Issuer>(
    issuer: I,
    identity: Identity,
    dice: impl FnMut() -> u32 + Send,
    clock: impl Fn() -> SystemTime + Send,
) {
    let due = clock();
    let mut rotation = Rotation { issuer, identity, dice, clock, due, failures: 0, told: Told::Nothing };
    loop {
        rotation.ask().await;
        rotation.wait().await;
    }
}

struct Rotation<I, D, C> {
    issuer: I,
    identity: Identity,
    dice: D,
    clock: C,
    /// When to ask again.
    due: SystemTime,
    /// In a row.
    failures: u32,
    told: Told,
}

/// What people have heard of the end of the current certificate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Nothing,
    Nears,
    Over,
}

impl<I, D, C> Rotation<I, D, C>
where
    I: Issuer,
    D: FnMut() -> u32,
    C: Fn() -> SystemTime,
{
    async fn ask(&mut self) {
        let issued = tokio::time::timeout(PATIENCE, self.issuer.issue()).await;
        let issued = issued.unwrap_or_else(|_| Err(IssueFault::new("nobody answered in time")));
        let now = (self.clock)();
        let usable = issued.and_then(|credentials| match credentials.is_valid(now) {
            true => Ok(credentials),
            false => Err(IssueFault::new(format!("the certificate of {} is not valid now", credentials.id))),
        });
        let roll = (self.dice)();
        let wait = match usable {
            Ok(credentials) => {
                self.failures = 0;
                let left = until(credentials.not_after, now);
                let lifetime = until(credentials.not_after, credentials.not_before);
                self.take(credentials);
                schedule::until_renewal(left, roll).max(lifetime / 100)
            }
            Err(fault) => self.failed(fault, roll),
        };
        self.due = now + wait;
    }

    fn take(&mut self, credentials: Credentials) {
        if self.identity.current().is_some_and(|current| current.is_same(&credentials)) {
            return tracing::debug!(id = %credentials.id, "no new certificate yet");
        }
        let until = seconds(credentials.not_after);
        tracing::info!(id = %credentials.id, until, "a new certificate");
        self.told = Told::Nothing;
        self.identity.replace(credentials);
    }

    fn failed(&mut self, fault: IssueFault, roll: u32) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let current = self.identity.current();
        let lifetime = current.map_or(UNKNOWN, |current| until(current.not_after, current.not_before));
        let wait = schedule::pause(self.failures, lifetime, roll);
        let attempt = self.failures;
        tracing::warn!(attempt, again_in = ?wait, "no certificate was issued: {fault}");
        self.identity.refuse(fault);
        wait
    }

    /// Until it is time to ask again.
    async fn wait(&mut self) {
        loop {
            let now = (self.clock)();
            let next = self.tell(now).map_or(self.due, |next| next.min(self.due));
            if now >= self.due {
                return;
            }
            // A millisecond more, so that the moment has come when it is over.
            let pause = until(next, now).min(LOOK) + Duration::from_millis(1);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.issuer.changed() => return,
            }
        }
    }

    /// Says once that the certificate nears its end, and once that it is over; and when the next of these is due.
    fn tell(&mut self, now: SystemTime) -> Option<SystemTime> {
        let current = self.identity.current()?;
        let (id, end) = (&current.id, current.not_after);
        let nears = end - schedule::notice(until(end, current.not_before));
        if now > end && self.told < Told::Over {
            self.told = Told::Over;
            tracing::error!(%id, "the certificate has expired; every new handshake fails until there is another one");
        } else if now > nears && self.told < Told::Nears {
            self.told = Told::Nears;
            let left = until(end, now);
            tracing::warn!(%id, ?left, "the certificate expires soon, and no new one came");
        }
        match self.told {
            Told::Nothing => Some(nears),
            Told::Nears => Some(end),
            Told::Over => None,
        }
    }
}

/// The time from `now` to a moment; none when that is over.
fn until(moment: SystemTime, now: SystemTime) -> Duration {
    moment.duration_since(now).unwrap_or_default()
}

/// A moment in seconds since 1970, for a log.
fn seconds(moment: SystemTime) -> u64 {
    until(moment, SystemTime::UNIX_EPOCH).as_secs()
}
