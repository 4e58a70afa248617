//! A ring that many write to and many read, without a lock.

use arc_swap::ArcSwapOption;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// The last so many values. Each has a number, and its place follows from that.
#[derive(Debug)]
pub(super) struct Ring<T> {
    /// The number of the next value.
    head: AtomicU64,
    places: Box<[ArcSwapOption<Numbered<T>>]>,
}

#[derive(Debug)]
struct Numbered<T> {
    number: u64,
    value: Arc<T>,
}

impl<T> Ring<T> {
    pub(super) fn new(size: usize) -> Self {
        let places = (0..size.max(1)).map(|_| ArcSwapOption::empty()).collect();
        Self { head: AtomicU64::new(0), places }
    }

    /// The number of the value that comes next.
    pub(super) fn head(&self) -> u64 {
        self.head.load(Relaxed)
    }

    pub(super) fn push(&self, value: T) {
        let value = Arc::new(value);
        let number = self.head.fetch_add(1, Relaxed);
        self.place(number).store(Some(Arc::new(Numbered { number, value })));
    }

    /// The values from the number `next` on, how many of them are gone, and the number to ask for the next time. What is
    /// not there yet is waited for until then, but for `late`, which was waited for already.
    pub(super) fn after(&self, next: u64, late: Option<u64>) -> (Vec<Arc<T>>, u64, u64) {
        let head = self.head();
        let first = next.max(head.saturating_sub(self.places.len() as u64));
        let (mut values, mut missed, mut at) = (Vec::new(), first - next, first);
        while at < head {
            match self.place(at).load_full() {
                Some(found) if found.number == at => values.push(Arc::clone(&found.value)),
                // A later round was faster than the reader.
                Some(found) if found.number > at => missed += 1,
                // Somebody was a whole round late, and wrote over it; or all was let go of meanwhile.
                _ if late == Some(at) => missed += 1,
                // Whoever took this number has not put its value down yet; it is there the next time.
                _ => break,
            }
            at += 1;
        }
        (values, missed, at)
    }

    /// Lets go of all values.
    pub(super) fn clear(&self) {
        self.places.iter().for_each(|place| place.store(None));
    }

    fn place(&self, number: u64) -> &ArcSwapOption<Numbered<T>> {
        let size = self.places.len() as u64;
        let place = usize::try_from(number % size).unwrap_or_default();
        &self.places[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn what_many_write_is_read_once_each_and_in_order_of_each() {
        let ring = Ring::new(64 * 1024);
        thread::scope(|scope| {
            for writer in 0..4_u32 {
                let ring = &ring;
                scope.spawn(move || (0..1000_u32).for_each(|count| ring.push((writer, count))));
            }
            let (mut next, mut read) = (0, Vec::new());
            while read.len() < 4000 {
                let (values, missed, after) = ring.after(next, None);
                assert_eq!(missed, 0);
                read.extend(values.iter().map(|value| **value));
                next = after;
            }
            for writer in 0..4 {
                let of_this = read.iter().filter(|(by, _)| *by == writer).map(|(_, count)| *count);
                assert!(of_this.eq(0..1000));
            }
        });
    }

    #[test]
    fn what_is_overwritten_is_counted() {
        let ring = Ring::new(4);
        (0..10).for_each(|value| ring.push(value));
        let (values, missed, next) = ring.after(3, None);
        assert_eq!(
            (values.iter().map(|value| **value).collect::<Vec<_>>(), missed, next),
            (vec![6, 7, 8, 9], 3, 10)
        );
        ring.push(10);
        ring.clear();
        ring.push(11);
        let (values, missed, next) = ring.after(next, None);
        assert_eq!((values.len(), missed, next), (0, 0, 10), "it may still come");
        let (values, missed, next) = ring.after(next, Some(10));
        assert_eq!((*values[0], missed, next), (11, 1, 12), "it was waited for");
    }
}
