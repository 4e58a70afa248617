//! The documents of a text, read piece by piece: those that changed, and on several threads.

use super::{
    digest::{digest, then},
    embedded,
    pairs::pairs,
    parallel,
    yaml::{
        MAX_BYTES,
        pieces::{self, Extent},
        short,
    },
};
use crate::document::{Origin, Reading};
use std::{ops::Range, sync::Arc};

/// A text, cut into pieces.
#[derive(Debug)]
pub(super) struct Cut<'a> {
    /// A digest of the text: equal bytes give equal digests in every process.
    pub(super) digest: u64,
    /// Each with a digest of its own.
    pieces: Vec<(u64, &'a [u8])>,
}

/// A piece of a text that was read.
#[derive(Debug)]
pub(super) struct Piece {
    digest: u64,
    /// What the lines of its readings are counted from.
    origin: Origin,
    /// How many lines end in it.
    lines: usize,
    extent: Extent,
    /// The readings that it gave, among those of the text.
    readings: Range<usize>,
    /// Whether its readings may quote a line in words, which do not move along.
    is_fixed: bool,
}

/// What was read before: pieces, and all their readings.
pub(super) type Previous<'a> = (&'a [Piece], &'a [Reading]);

/// What becomes of a piece.
enum Plan<'a> {
    /// It was there before, perhaps elsewhere.
    Keep(&'a Piece),
    /// It is the next of those that are read.
    Read { origin: Origin, lines: usize },
}

impl<'a> Cut<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        let pieces: Vec<_> = pieces::cut(text).map(|piece| (digest(piece), piece)).collect();
        let whole = pieces.iter().fold(0, |whole, (digest, _)| then(whole, *digest));
        Self { digest: whole, pieces }
    }
}

/// Reads what changed since `previous`; `None` when the text must be read as one, which tells what is wrong with it.
pub(super) fn read(
    cut: &Cut<'_>,
    file: &Arc<str>,
    namespace: &str,
    previous: Previous<'_>,
) -> Option<(Vec<Reading>, Vec<Piece>)> {
    let size: usize = cut.pieces.iter().map(|(_, piece)| piece.len()).sum();
    if size > MAX_BYTES {
        return None;
    }
    let plans = plan(cut, file, previous.0);
    let new = plans.iter().zip(&cut.pieces).filter_map(|(plan, (_, piece))| match plan {
        Plan::Keep(_) => None,
        Plan::Read { origin, .. } => Some((*piece, origin)),
    });
    let new: Vec<_> = new.collect();
    let read = parallel::map(&new, |(piece, origin)| {
        let mut readings = Vec::new();
        let take = |root| readings.extend(embedded::read(root, origin, namespace));
        pieces::read(piece, take).map(|extent| (extent, readings))
    });
    join(cut, plans, read, previous.1)
}

/// Tells what is read of the pieces of a text where they are now.
pub(super) fn settle(pieces: &[Piece]) {
    let mut before = 0;
    for piece in pieces {
        piece.origin.move_to(short(before));
        before += piece.lines;
    }
}

/// Which pieces were there before.
fn plan<'a>(cut: &Cut<'_>, file: &Arc<str>, previous: &'a [Piece]) -> Vec<Plan<'a>> {
    let former = pairs(&cut.pieces, previous, |(digest, _)| *digest, |former| former.digest);
    let mut before = 0;
    let plan = |((_, piece), former): (&(u64, &[u8]), Option<&'a Piece>)| {
        let at = short(before);
        let lines = former.map_or_else(|| pieces::lines(piece), |former| former.lines);
        before += lines;
        match former.filter(|former| !former.is_fixed || former.origin.before() == at) {
            Some(former) => Plan::Keep(former),
            None => Plan::Read { origin: Origin::after(Arc::clone(file), at), lines },
        }
    };
    cut.pieces.iter().zip(former).map(plan).collect()
}

/// Puts old and new readings together; `None` when a piece could not be read alone, or all hold too much.
fn join(
    cut: &Cut<'_>,
    plans: Vec<Plan<'_>>,
    read: Vec<Option<(Extent, Vec<Reading>)>>,
    former: &[Reading],
) -> Option<(Vec<Reading>, Vec<Piece>)> {
    let mut read = read.into_iter();
    let (mut readings, mut pieces) = (Vec::with_capacity(plans.len()), Vec::with_capacity(plans.len()));
    let mut held = Extent::default();
    for ((digest, _), plan) in cut.pieces.iter().zip(plans) {
        let start = readings.len();
        let (origin, lines, extent, is_fixed) = match plan {
            Plan::Keep(piece) => {
                readings.extend_from_slice(&former[piece.readings.clone()]);
                (piece.origin.clone(), piece.lines, piece.extent, piece.is_fixed)
            }
            Plan::Read { origin, lines } => {
                let (extent, new) = read.next()??;
                let is_fixed = new.iter().any(|reading| matches!(reading, Reading::Bad { .. }));
                readings.extend(new);
                (origin, lines, extent, is_fixed)
            }
        };
        held = held.and(extent);
        let readings = start..readings.len();
        pieces.push(Piece { digest: *digest, origin, lines, extent, readings, is_fixed });
    }
    held.is_allowed().then_some((readings, pieces))
}
