//! The container engine: finding it, speaking to it, its images.
