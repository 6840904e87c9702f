//! Values at stable addresses that are numbers, so that watchers, streams and ranges can refer to each other.

use std::fmt;
use std::marker::PhantomData;

/// Values, each under a [`Handle`] that is never valid again after the value was removed.
#[derive(Debug)]
pub(super) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// The address of a value in a [`Slab`].
pub(super) struct Handle<T> {
    index: u32,
    generation: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    pub(super) fn insert(&mut self, value: T) -> Handle<T> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, value: None });
            u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 values fit into memory")
        });
        let slot = &mut self.slots[index as usize];
        slot.value = Some(value);
        Handle { index, generation: slot.generation, of: PhantomData }
    }

    pub(super) fn remove(&mut self, handle: Handle<T>) -> Option<T> {
        let slot = &mut self.slots[handle.index as usize];
        if slot.generation != handle.generation {
            return None;
        }
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(handle.index);
        slot.value.take()
    }

    pub(super) fn get(&self, handle: Handle<T>) -> Option<&T> {
        let slot = &self.slots[handle.index as usize];
        if slot.generation == handle.generation { slot.value.as_ref() } else { None }
    }

    pub(super) fn get_mut(&mut self, handle: Handle<T>) -> Option<&mut T> {
        let slot = &mut self.slots[handle.index as usize];
        if slot.generation == handle.generation { slot.value.as_mut() } else { None }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (Handle<T>, &mut T)> {
        (0..).zip(&mut self.slots).filter_map(|(index, Slot { generation, value })| {
            let handle = Handle { index, generation: *generation, of: PhantomData };
            value.as_mut().map(|value| (handle, value))
        })
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }
}

impl<T> std::ops::Index<Handle<T>> for Slab<T> {
    type Output = T;
    fn index(&self, handle: Handle<T>) -> &T {
        self.get(handle).expect("the handle's value was not removed")
    }
}

impl<T> std::ops::IndexMut<Handle<T>> for Slab<T> {
    fn index_mut(&mut self, handle: Handle<T>) -> &mut T {
        self.get_mut(handle).expect("the handle's value was not removed")
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.index, self.generation) == (other.index, other.generation)
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.index, self.generation)
    }
}
