//! Beginnings of texts, in a radix tree: a walk down a text meets every beginning that it has. Endings are beginnings of a
//! text that is read backwards.

use super::List;

/// Lists of rules by the beginning of a text.
#[derive(Debug)]
pub(in crate::table) struct Prefixes(Vec<Node>);

/// A node stands for the texts from the root to it; its edge is the last part of them.
#[derive(Debug, Default)]
struct Node {
    edge: Box<[u8]>,
    list: List,
    /// Further nodes by the first byte of their edge, sorted.
    next: Vec<(u8, u32)>,
}

impl Default for Prefixes {
    fn default() -> Self {
        Self(vec![Node::default()])
    }
}

impl Prefixes {
    /// The list of a beginning, made if it is not there.
    pub(in crate::table) fn entry(&mut self, prefix: &str) -> &mut List {
        let at = self.place(prefix.as_bytes());
        &mut self.0[at].list
    }

    /// The list of an ending, made if it is not there: for trees of endings alone, which [`Self::walk_backwards`] looks
    /// through.
    pub(in crate::table) fn entry_backwards(&mut self, suffix: &str) -> &mut List {
        let backwards: Vec<u8> = suffix.bytes().rev().collect();
        let at = self.place(&backwards);
        &mut self.0[at].list
    }

    /// Visits the lists of all beginnings of `text`, shortest first, until `visit` gives `None`.
    pub(in crate::table) fn walk<'a>(
        &'a self,
        text: &[u8],
        mut visit: impl FnMut(&'a List) -> Option<()>,
    ) -> Option<()> {
        let mut rest = text;
        let mut node = &self.0[0];
        loop {
            visit(&node.list)?;
            let Some(next) = rest.first().and_then(|first| node.next(*first)) else { return Some(()) };
            node = &self.0[next];
            let Some(after) = rest.strip_prefix(&*node.edge) else { return Some(()) };
            rest = after;
        }
    }

    /// Visits the lists of all endings of `text`, shortest first, until `visit` gives `None`.
    pub(in crate::table) fn walk_backwards<'a>(
        &'a self,
        text: &[u8],
        mut visit: impl FnMut(&'a List) -> Option<()>,
    ) -> Option<()> {
        let mut rest = text;
        let mut node = &self.0[0];
        loop {
            visit(&node.list)?;
            let Some(next) = rest.last().and_then(|last| node.next(*last)) else { return Some(()) };
            node = &self.0[next];
            let Some(length) = rest.len().checked_sub(node.edge.len()) else { return Some(()) };
            let (before, end) = rest.split_at(length);
            if !end.iter().rev().eq(&*node.edge) {
                return Some(());
            }
            rest = before;
        }
    }

    /// The node that stands for `text`, made if it is not there.
    fn place(&mut self, text: &[u8]) -> usize {
        let (mut at, mut rest) = (0, text);
        while let Some(first) = rest.first() {
            let Some(next) = self.0[at].next(*first) else { return self.grow(at, rest) };
            let shared = self.0[next].edge.iter().zip(rest).take_while(|(a, b)| a == b).count();
            if shared < self.0[next].edge.len() {
                self.split(next, shared);
            }
            (at, rest) = (next, &rest[shared..]);
        }
        at
    }

    fn grow(&mut self, parent: usize, edge: &[u8]) -> usize {
        let number = self.0.len();
        self.0.push(Node { edge: edge.into(), ..Node::default() });
        self.0[parent].link(edge[0], number);
        number
    }

    /// Cuts a node's edge, so that it ends after `shared` bytes; what it was goes on in a new node below.
    fn split(&mut self, at: usize, shared: usize) {
        let node = &mut self.0[at];
        let (head, tail) = node.edge.split_at(shared);
        let (head, tail): (Box<[u8]>, Box<[u8]>) = (head.into(), tail.into());
        let below =
            Node { list: std::mem::take(&mut node.list), next: std::mem::take(&mut node.next), edge: tail };
        node.edge = head;
        let first = below.edge[0];
        let number = self.0.len();
        self.0.push(below);
        self.0[at].link(first, number);
    }
}

impl Node {
    fn next(&self, first: u8) -> Option<usize> {
        let found = self.next.binary_search_by_key(&first, |(byte, _)| *byte).ok()?;
        Some(self.next[found].1 as usize)
    }

    fn link(&mut self, first: u8, number: usize) {
        let Err(place) = self.next.binary_search_by_key(&first, |(byte, _)| *byte) else { return };
        self.next.insert(place, (first, number as u32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 11] = ["/", "/a", "/abc", "/abc/d", "/abd", "/x", "/é/x", "/è", "", "no", "/b/"];

    #[test]
    fn a_walk_meets_every_beginning_and_nothing_else() {
        let beginnings = ["/", "/a", "/ab", "/abc/", "/abd", "/b", "/é", "/è"];
        let mut prefixes = Prefixes::default();
        for (number, prefix) in (0..).zip(beginnings) {
            prefixes.entry(prefix).push(number);
        }
        for path in PATHS {
            let mut met = Vec::new();
            let walked = prefixes.walk(path.as_bytes(), |list| {
                met.extend(list.iter().copied());
                Some(())
            });
            assert_eq!(walked, Some(()));
            let numbered = (0..).zip(beginnings);
            let expected: Vec<u32> =
                numbered.filter(|(_, prefix)| path.starts_with(prefix)).map(|(n, _)| n).collect();
            assert_eq!(met, expected, "{path}");
        }
    }

    #[test]
    fn a_walk_backwards_meets_every_ending_and_nothing_else() {
        let endings = ["/", "a", "/a", "bc", "/abc", "c/d", "x", "/x", "é", "è"];
        let mut suffixes = Prefixes::default();
        for (number, suffix) in (0..).zip(endings) {
            suffixes.entry_backwards(suffix).push(number);
        }
        for path in PATHS {
            let mut met = Vec::new();
            let walked = suffixes.walk_backwards(path.as_bytes(), |list| {
                met.extend(list.iter().copied());
                Some(())
            });
            assert_eq!(walked, Some(()));
            let numbered = (0..).zip(endings);
            let expected: Vec<u32> =
                numbered.filter(|(_, suffix)| path.ends_with(suffix)).map(|(n, _)| n).collect();
            assert_eq!(met, expected, "{path}");
        }
    }
}
