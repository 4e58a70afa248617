//! The documents of a text, read piece by piece: those that changed, and on several threads.

use super::{
    digest::{digest, then},
    embedded, parallel,
    yaml::{
        MAX_BYTES,
        pieces::{self, Extent},
    },
};
use crate::document::Reading;
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
    /// How many lines come before it.
    before: usize,
    /// How many lines end in it.
    lines: usize,
    extent: Extent,
    /// The readings that it gave, among those of the text.
    readings: Range<usize>,
}

/// What was read before: pieces, and all their readings.
pub(super) type Previous<'a> = (&'a [Piece], &'a [Reading]);

/// What becomes of a piece.
enum Plan<'a> {
    /// It is where it was.
    Keep(&'a Piece),
    /// It is the next of those that are read.
    Read { before: usize, lines: usize },
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
    // One piece is all of the text.
    if cut.pieces.len() == 1 || size > MAX_BYTES {
        return None;
    }
    let plans = plan(cut, previous.0);
    let new = plans.iter().zip(&cut.pieces).filter_map(|(plan, (_, piece))| match plan {
        Plan::Keep(_) => None,
        Plan::Read { before, .. } => Some((*piece, *before)),
    });
    let new: Vec<_> = new.collect();
    let read = parallel::map(&new, |(piece, before)| {
        let mut readings = Vec::new();
        let take = |root| readings.extend(embedded::read(root, file, namespace));
        pieces::read(piece, *before, take).map(|extent| (extent, readings))
    });
    join(cut, plans, read, previous.1)
}

/// Which pieces are where they were.
fn plan<'a>(cut: &Cut<'_>, previous: &'a [Piece]) -> Vec<Plan<'a>> {
    let mut previous = previous.iter().peekable();
    let mut before = 0;
    let plan = |(digest, piece): &(u64, &[u8])| {
        while previous.next_if(|former| former.before < before).is_some() {}
        let former = previous.peek().filter(|former| former.before == before && former.digest == *digest);
        let lines = former.map_or_else(|| pieces::lines(piece), |former| former.lines);
        let plan = former.map_or(Plan::Read { before, lines }, |former| Plan::Keep(former));
        before += lines;
        plan
    };
    cut.pieces.iter().map(plan).collect()
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
        let (before, lines, extent) = match plan {
            Plan::Keep(piece) => {
                readings.extend_from_slice(&former[piece.readings.clone()]);
                (piece.before, piece.lines, piece.extent)
            }
            Plan::Read { before, lines } => {
                let (extent, new) = read.next()??;
                readings.extend(new);
                (before, lines, extent)
            }
        };
        held = held.and(extent);
        pieces.push(Piece { digest: *digest, before, lines, extent, readings: start..readings.len() });
    }
    held.is_allowed().then_some((readings, pieces))
}
