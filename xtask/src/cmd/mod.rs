//! The tasks, one file each, named as it is typed. A task has `Args`, whose first line says what it
//! does, and `run`.

pub mod cache;
pub mod ci;
pub mod doctor;
pub mod setup;
pub mod test;
pub mod test_crux;
pub mod test_ui;
