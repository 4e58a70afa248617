//! What layers leave in a request for those below.
//!
//! It lies within the decision where there is one: an entry of its own in a request's extensions would take memory of its
//! own for every request.

use super::{AnswerBy, Routed, Tried, Upstream};
use http::Extensions;
use mesh_core::table::Backend;
use std::sync::Arc;

/// What layers below the route layer leave in a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Left {
    answer_by: Option<AnswerBy>,
    tried: Option<Tried>,
    upstream: Option<Upstream>,
    /// The backend with addresses where the table's has names.
    pub(super) resolved: Option<Arc<Backend>>,
}

/// Something that a layer leaves in a request.
pub(super) trait Leave: Clone + Send + Sync + 'static {
    fn place(left: &Left) -> &Option<Self>;
    fn place_mut(left: &mut Left) -> &mut Option<Self>;
}

impl Leave for AnswerBy {
    fn place(left: &Left) -> &Option<Self> {
        &left.answer_by
    }

    fn place_mut(left: &mut Left) -> &mut Option<Self> {
        &mut left.answer_by
    }
}

impl Leave for Tried {
    fn place(left: &Left) -> &Option<Self> {
        &left.tried
    }

    fn place_mut(left: &mut Left) -> &mut Option<Self> {
        &mut left.tried
    }
}

impl Leave for Upstream {
    fn place(left: &Left) -> &Option<Self> {
        &left.upstream
    }

    fn place_mut(left: &mut Left) -> &mut Option<Self> {
        &mut left.upstream
    }
}

/// What was left last, with the decision or without one.
pub(super) fn find<T: Leave>(extensions: &Extensions) -> Option<&T> {
    find_beside(extensions.get(), extensions)
}

/// The same for whoever has found the decision already.
pub(super) fn find_beside<'a, T: Leave>(
    routed: Option<&'a Routed>,
    extensions: &'a Extensions,
) -> Option<&'a T> {
    let left = routed.and_then(|routed| T::place(routed.left()).as_ref());
    // Most requests have nothing but the decision.
    let has_others = extensions.len() > usize::from(routed.is_some());
    left.or_else(|| has_others.then(|| extensions.get()).flatten())
}

/// Leaves it.
pub(super) fn leave<T: Leave>(extensions: &mut Extensions, value: T) {
    match extensions.get_mut::<Routed>() {
        Some(routed) => *T::place_mut(routed.left_mut()) = Some(value),
        None => drop(extensions.insert(value)),
    }
}

/// Takes it away again.
pub(super) fn take<T: Leave>(extensions: &mut Extensions) -> Option<T> {
    let routed = extensions.get_mut::<Routed>().and_then(|routed| T::place_mut(routed.left_mut()).take());
    // One that somebody put there by hand does not outlast it.
    let own = if extensions.len() > usize::from(routed.is_some()) { extensions.remove() } else { None };
    routed.or(own)
}
