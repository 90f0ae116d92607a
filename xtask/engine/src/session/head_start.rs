//! Who starts first where several could: those for whom others wait. Starting a container costs the
//! engine a quarter of a second of a processor, and several at once slow each other down.

use std::time::Duration;

use tokio::sync::watch;

use crate::service::Node;

/// The longest that anybody is held up: an image that is still built is not waited for.
const LONGEST: Duration = Duration::from_millis(500);

/// How many with a head start have not started yet.
pub(super) struct HeadStart(watch::Sender<usize>);

impl HeadStart {
    /// Among `nodes`, which are to start now.
    pub(super) fn among<'a>(nodes: impl Iterator<Item = &'a Node>) -> Self {
        Self(watch::Sender::new(nodes.filter(|node| has_it(node)).count()))
    }

    /// Waits until those with a head start have started, unless `node` is one of them or has waited
    /// for others already.
    pub(super) async fn wait(&self, node: &Node) {
        if !has_it(node) && node.waits_for.is_empty() {
            let mut left = self.0.subscribe();
            let _ = tokio::time::timeout(LONGEST, left.wait_for(|left| *left == 0)).await;
        }
    }

    /// `node` has started, or never will.
    pub(super) fn started(&self, node: &Node) {
        if has_it(node) {
            self.0.send_modify(|left| *left = left.saturating_sub(1));
        }
    }
}

fn has_it(node: &Node) -> bool {
    node.waits_for.is_empty() && node.is_needed
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::pipeline::Container;
    use crate::service::Plan;

    #[tokio::test]
    async fn those_for_whom_others_wait_start_first() {
        let image = Container::from("image");
        let database = image.as_service("database");
        let (crux, mail) = (image.as_service("crux").with_need(&database), image.as_service("mail"));
        let plan = Plan::of(&[&crux, &mail], None).unwrap();
        let [database, crux, mail] = &plan.nodes[..] else { panic!("{}", plan.nodes.len()) };
        let head_start = HeadStart::among(plan.nodes.iter());
        let goes = |node| head_start.wait(node).now_or_never().is_some();
        assert!(goes(database) && goes(crux) && !goes(mail));
        head_start.started(crux);
        assert!(!goes(mail));
        head_start.started(database);
        assert!(goes(mail));
    }
}
