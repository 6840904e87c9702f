//! The engine of Auroch.
