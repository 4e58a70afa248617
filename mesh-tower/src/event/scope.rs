//! Who listens to the work that a thread is doing.

use super::Exchange;
use pin_project_lite::pin_project;
use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

thread_local! {
    /// That of the request which is worked on, the innermost if one causes another.
    static CURRENT: Cell<Option<Box<Exchange>>> = const { Cell::new(None) };
}

/// Announces something about the request that is worked on, if anybody listens.
pub(crate) fn note(tell: impl FnOnce(&mut Exchange)) {
    // A thread that ends has nobody left to tell.
    let _ = CURRENT.try_with(|current| {
        if let Some(mut exchange) = current.take() {
            tell(&mut exchange);
            current.set(Some(exchange));
        }
    });
}

/// Does some work on the request of `own`, which learns what is announced meanwhile.
pub(crate) fn within<R>(own: &mut Option<Box<Exchange>>, work: impl FnOnce() -> R) -> R {
    let outer = swap(own.take());
    let _lent = Lent { own, outer };
    work()
}

pin_project! {
    /// Work that is none of the request's own, whoever waits for it: nobody is told of it.
    #[derive(Debug)]
    pub(crate) struct Unheard<F> {
        #[pin]
        work: F,
    }
}

/// Does work of which the request that waits for it is not told.
pub(crate) fn unheard<F: Future>(work: F) -> Unheard<F> {
    Unheard { work }
}

impl<F: Future> Future for Unheard<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        within(&mut None, || self.project().work.poll(cx))
    }
}

fn swap(exchange: Option<Box<Exchange>>) -> Option<Box<Exchange>> {
    CURRENT.try_with(|current| current.replace(exchange)).ok().flatten()
}

/// Gives everybody's back, even if the work panics.
struct Lent<'a> {
    own: &'a mut Option<Box<Exchange>>,
    outer: Option<Box<Exchange>>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        *self.own = swap(self.outer.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn tries(exchange: Option<&Exchange>) -> Option<u32> {
        exchange.map(|exchange| exchange.tries)
    }

    #[test]
    fn the_innermost_request_is_told() {
        let (mut outer, mut inner) = (Some(Box::<Exchange>::default()), Some(Box::<Exchange>::default()));
        within(&mut outer, || {
            note(|exchange| exchange.tries += 1);
            within(&mut inner, || note(|exchange| exchange.tries += 10));
            note(|exchange| exchange.tries += 1);
        });
        note(|exchange| exchange.tries += 100);
        assert_eq!((tries(outer.as_deref()), tries(inner.as_deref())), (Some(2), Some(10)));
    }

    #[test]
    fn of_work_that_is_none_of_its_own_a_request_is_not_told() {
        let mut own = Some(Box::<Exchange>::default());
        let mut work = std::pin::pin!(unheard(async { note(|exchange| exchange.tries += 1) }));
        let mut context = Context::from_waker(futures_util::task::noop_waker_ref());
        assert!(within(&mut own, || work.as_mut().poll(&mut context)).is_ready());
        assert_eq!(tries(own.as_deref()), Some(0));
    }

    #[test]
    fn a_panic_loses_nobody() {
        let (mut outer, mut inner) = (Some(Box::<Exchange>::default()), Some(Box::<Exchange>::default()));
        within(&mut outer, || {
            let panicked = catch_unwind(AssertUnwindSafe(|| within(&mut inner, || panic!("as handlers do"))));
            assert!(panicked.is_err());
            note(|exchange| exchange.tries += 1);
        });
        assert_eq!((tries(outer.as_deref()), tries(inner.as_deref())), (Some(1), Some(0)));
    }
}
