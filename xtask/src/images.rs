//! The base images, by name; each with its recipe for machines without a registry.

use xtask_engine::pipeline::Image;

/// Node.js, as the application uses it.
pub fn node() -> Image {
    Image::named("node:20-alpine")
}
