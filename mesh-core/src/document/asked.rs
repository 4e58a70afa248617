//! What was asked for while an object was read, so that the rest of it can be refused.

/// Which entries were asked for, by their index; without memory of its own for objects of usual size.
#[derive(Debug, Default)]
pub(super) struct Taken {
    first: u64,
    rest: Vec<usize>,
}

impl Taken {
    pub(super) fn insert(&mut self, index: usize) {
        match index {
            0..64 => self.first |= 1 << index,
            _ => self.rest.push(index),
        }
    }

    pub(super) fn has(&self, index: usize) -> bool {
        match index {
            0..64 => self.first & (1 << index) != 0,
            _ => self.rest.contains(&index),
        }
    }
}

/// The names that were asked for, in order; without memory of its own for objects of usual size.
#[derive(Debug, Default)]
pub(super) struct Known {
    first: [&'static str; 24],
    rest: Vec<&'static str>,
    count: usize,
}

impl Known {
    pub(super) fn push(&mut self, name: &'static str) {
        match self.first.get_mut(self.count) {
            Some(place) => *place = name,
            None => self.rest.push(name),
        }
        self.count += 1;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.first.iter().take(self.count).chain(&self.rest).copied()
    }
}
