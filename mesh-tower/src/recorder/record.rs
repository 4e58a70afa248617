//! The recorder itself: who asks for handles, and who reads.

use super::{
    body,
    cells::Folded,
    family::Series,
    format::Format,
    histogram::{Histogram, Tally},
    pieces::Pieces,
    registry::{Found, Registry},
    settings::Settings,
};
use crate::Body;
use http::{HeaderMap, Response, header::CONTENT_TYPE};
use metrics::{Counter, Gauge, Key, KeyName, Metadata, SharedString, Unit};
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// The one that records what the macros of `metrics` measure.
static INSTALLED: OnceLock<Recorder> = OnceLock::new();

/// Records measurements; see the [module](super). Clones record together.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Registry>);

impl Default for Recorder {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Recorder {
    /// A recorder that has measured nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Registry::new(settings)))
    }

    /// Lets it record what the macros of `metrics` measure in this process from now on, for good.
    ///
    /// # Errors
    /// When there is one already, of whatever make.
    pub fn install(&self) -> Result<(), AlreadyInstalled> {
        metrics::set_global_recorder(self.clone()).map_err(|_| AlreadyInstalled)?;
        // It was the first, so nobody was here before.
        let _ = INSTALLED.set(self.clone());
        Ok(())
    }

    /// The one that was installed, if it is of this make.
    #[must_use]
    pub fn installed() -> Option<Self> {
        INSTALLED.get().cloned()
    }

    /// A handle of a histogram's series, which can be given exemplars. Keep it: asking for one takes a lock.
    #[must_use]
    pub fn histogram(&self, key: &Key) -> Histogram {
        match self.0.histogram(key) {
            Found::Own(Series::Histogram(tally)) | Found::Folded(Series::Histogram(tally)) => {
                Histogram(tally)
            }
            // Nobody reads what it records.
            _ => Histogram(Arc::new(Tally::new(super::Buckets::istio()))),
        }
    }

    /// Everything measured, piece by piece.
    #[must_use]
    pub fn pieces(&self, format: Format) -> Pieces {
        Pieces::new(Arc::clone(&self.0), format, &[])
    }

    /// What was measured by one of these names, piece by piece; everything when there are none.
    pub(crate) fn pieces_of(&self, names: &[String], format: Format) -> Pieces {
        Pieces::new(Arc::clone(&self.0), format, names)
    }

    /// Everything measured, in one text. For many series, [`Recorder::pieces`] takes less memory at a time.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        let mut whole = Vec::new();
        self.pieces(format).for_each(|piece| whole.extend_from_slice(&piece));
        // Every piece was a text.
        String::from_utf8(whole).unwrap_or_default()
    }

    /// The answer to a scrape that came with these headers, in the format that they ask for, streamed.
    #[must_use]
    pub fn response(&self, headers: &HeaderMap) -> Response<Body> {
        self.response_of(headers, &[])
    }

    /// The same of what was measured by one of these names; of everything when there are none.
    pub(crate) fn response_of(&self, headers: &HeaderMap, names: &[String]) -> Response<Body> {
        let format = Format::accepted(headers);
        let mut response = Response::new(body::of(self.pieces_of(names, format)));
        response.headers_mut().insert(CONTENT_TYPE, format.content_type());
        response
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe(&key, unit, &description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe(&key, unit, &description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe(&key, unit, &description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        match self.0.counter(key) {
            Found::Own(Series::Counter(count)) => Counter::from_arc(count),
            Found::Folded(Series::Counter(count)) => Counter::from_arc(Arc::new(Folded(count))),
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match self.0.gauge(key) {
            Found::Own(Series::Gauge(level)) => Gauge::from_arc(level),
            _ => Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        self.histogram(key).into()
    }
}

/// Why a recorder was not installed: there is one already, whose measurements it cannot take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadyInstalled;

impl fmt::Display for AlreadyInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "another recorder of metrics is installed already (install this one first, or read that one)",
        )
    }
}

impl std::error::Error for AlreadyInstalled {}
