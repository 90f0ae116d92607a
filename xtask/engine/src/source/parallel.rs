//! Work on many paths by several threads: the kernel does most of it, and does it in parallel.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More threads than this only wait for one another in the file system.
const THREADS: usize = 4;
/// Parts a thread, so that one with large parts does not keep the others waiting.
const PARTS_A_THREAD: usize = 4;

/// Does `work` on parts of `items` and joins the results in the order of the items; the first
/// error in that order wins.
pub(super) fn in_parallel<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&[T]) -> Result<Vec<R>, E> + Sync,
) -> Result<Vec<R>, E> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let parts: Vec<&[T]> = items.chunks(items.len().div_ceil(threads * PARTS_A_THREAD).max(1)).collect();
    if threads == 1 || parts.len() < 2 {
        return work(items);
    }
    let next = AtomicUsize::new(0);
    let done: Vec<_> = parts.iter().map(|_| Mutex::new(Ok(Vec::new()))).collect();
    let run = || {
        while let Some(index) =
            Some(next.fetch_add(1, Ordering::Relaxed)).filter(|index| *index < parts.len())
        {
            let result = work(parts[index]);
            *done[index].lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = result;
        }
    };
    thread::scope(|scope| {
        // One that the system does not give is done without: the others take its parts.
        for _ in 1..threads {
            let _ = thread::Builder::new().name("walk".into()).spawn_scoped(scope, run);
        }
        run();
    });
    let mut joined = Vec::new();
    for result in done {
        joined.append(&mut result.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())?);
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::in_parallel;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        let doubled = in_parallel(&items, |part| Ok::<_, ()>(part.iter().map(|item| item * 2).collect()));
        assert_eq!(doubled.unwrap(), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert_eq!(in_parallel(&[0; 0], |part| Ok::<_, ()>(part.to_vec())), Ok(vec![]));
    }

    #[test]
    fn the_first_error_in_the_order_of_the_items_wins() {
        let items: Vec<usize> = (0..1000).collect();
        let fails = |part: &[usize]| match part.iter().find(|item| **item >= 300) {
            Some(item) => Err((*item).max(300)),
            None => Ok(part.to_vec()),
        };
        let error = in_parallel(&items, fails).unwrap_err();
        assert!((300..=500).contains(&error), "{error}");
    }
}
