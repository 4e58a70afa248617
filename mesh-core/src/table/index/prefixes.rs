//! Beginnings of paths, in a radix tree: a walk down a path meets every beginning that it has.

use super::List;

/// Lists of rules by the beginning of a path.
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

    /// Visits the lists of all beginnings of `path`, shortest first, until `visit` gives `None`.
    pub(in crate::table) fn walk<'a>(
        &'a self,
        path: &str,
        mut visit: impl FnMut(&'a List) -> Option<()>,
    ) -> Option<()> {
        let mut rest = path.as_bytes();
        let mut node = &self.0[0];
        loop {
            visit(&node.list)?;
            let Some(next) = rest.first().and_then(|first| node.next(*first)) else { return Some(()) };
            node = &self.0[next];
            let Some(after) = rest.strip_prefix(&*node.edge) else { return Some(()) };
            rest = after;
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

    #[test]
    fn a_walk_meets_every_beginning_and_nothing_else() {
        let beginnings = ["/", "/a", "/ab", "/abc/", "/abd", "/b", "/é", "/è"];
        let mut prefixes = Prefixes::default();
        for (number, prefix) in (0..).zip(beginnings) {
            prefixes.entry(prefix).push(number);
        }
        for path in ["/", "/a", "/abc", "/abc/d", "/abd", "/x", "/é/x", "/è", "", "no", "/b/"] {
            let mut met = Vec::new();
            let walked = prefixes.walk(path, |list| {
                met.extend(list.iter().copied());
                Some(())
            });
            assert_eq!(walked, Some(()));
            let expected: Vec<u32> = (0..)
                .zip(beginnings)
                .filter(|(_, prefix)| path.starts_with(prefix))
                .map(|(n, _)| n)
                .collect();
            assert_eq!(met, expected, "{path}");
        }
    }
}
