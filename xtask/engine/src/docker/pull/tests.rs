//! Progress as the engine tells it.

use super::*;

#[test]
fn progress_is_the_sum_of_the_layers_and_never_counts_unpacking() {
    let mut layers = Layers::default();
    let mut take = |id: &str, status: &str, numbers: Option<(i64, i64)>| {
        layers.take(CreateImageInfo {
            id: Some(id.into()),
            status: Some(status.into()),
            progress_detail: numbers
                .map(|(current, total)| ProgressDetail { current: Some(current), total: Some(total) }),
            error_detail: None,
        })
    };
    let now = |current, total| Some(PullProgress { current, total });
    assert_eq!(take("20-alpine", "Pulling from library/node", None), None);
    assert_eq!(take("a", "Already exists", None), None);
    assert_eq!(take("b", "Downloading", Some((10, 100))), now(10, 100));
    assert_eq!(take("c", "Downloading", Some((5, 50))), now(15, 150));
    assert_eq!(take("b", "Download complete", None), now(105, 150));
    assert_eq!(take("b", "Extracting", Some((1, 100))), None);
    assert_eq!(take("c", "Pull complete", None), now(150, 150));
}
