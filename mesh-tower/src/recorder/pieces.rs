//! What was measured, piece by piece.

use super::{
    family::{Family, Series},
    format::Format,
    registry::Registry,
    text::Heading,
};
use bytes::Bytes;
use metrics::Key;
use std::{collections::VecDeque, fmt, sync::Arc};

/// A piece ends once it is so large.
const PIECE: usize = 32 * 1024;
/// How many series are looked at while others who ask for a new one of the same family wait.
const PAGE: usize = 64;

/// What was measured, in pieces of some 32 KiB, each of which is made when it is asked for. What begins meanwhile may be among them or
/// not.
pub struct Pieces {
    registry: Arc<Registry>,
    format: Format,
    /// Those that come next.
    families: VecDeque<Arc<Family>>,
    /// All names, in order.
    names: Box<[Arc<Family>]>,
    open: Option<Open>,
    is_over: bool,
}

/// The family that is being written.
struct Open {
    family: Arc<Family>,
    heading: Heading,
    page: std::vec::IntoIter<(Key, Series)>,
    last: Option<Key>,
}

impl Pieces {
    /// Of the families that have one of these names; of all when there are none.
    pub(super) fn new(registry: Arc<Registry>, format: Format, only: &[String]) -> Self {
        let families = registry.families();
        let is_wanted =
            |family: &Arc<Family>| only.is_empty() || only.iter().any(|name| name == family.name());
        Self {
            registry,
            format,
            families: families.iter().filter(|family| is_wanted(family)).cloned().collect(),
            names: families.into(),
            open: None,
            is_over: false,
        }
    }

    /// Writes the next series, or opens the next family; `false` once all are written.
    fn advance(&mut self, out: &mut String) -> Result<bool, fmt::Error> {
        let Some(open) = &mut self.open else {
            let Some(family) = self.families.pop_front() else { return Ok(false) };
            self.open = Some(self.begin(family, out)?);
            return Ok(true);
        };
        match open.next() {
            Some((key, series)) => {
                open.heading.write_series(out, &key, &series)?;
                open.last = Some(key);
            }
            None => self.open = None,
        }
        Ok(true)
    }

    fn begin(&self, family: Arc<Family>, out: &mut String) -> Result<Open, fmt::Error> {
        let is_taken = |name: &str| self.names.binary_search_by(|known| known.name().cmp(name)).is_ok();
        let heading = Heading::new(self.format, &family, is_taken);
        let page = family.after(None, PAGE).into_iter();
        if page.len() > 0 {
            heading.write(out, self.registry.about(family.name()).as_ref())?;
        }
        Ok(Open { family, heading, page, last: None })
    }
}

impl Open {
    fn next(&mut self) -> Option<(Key, Series)> {
        if self.page.len() == 0 {
            self.page = self.family.after(Some(self.last.as_ref()?), PAGE).into_iter();
        }
        self.page.next()
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        let mut out = String::with_capacity(PIECE + PIECE / 4);
        while out.len() < PIECE {
            // Writing to a text does not fail.
            if !self.advance(&mut out).unwrap_or(false) {
                self.is_over = true;
                if self.format == Format::OpenMetrics {
                    out.push_str("# EOF\n");
                }
                break;
            }
        }
        (!out.is_empty()).then(|| out.into())
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("format", &self.format).finish_non_exhaustive()
    }
}
