import CSluice

/// Part of a file in memory, shared with the page cache; unmapped with its last reference. Any thread may read it.
///
/// Reading it neither fails nor waits while its pages are in memory, where ``populate()`` brings them. The kernel may throw
/// them out again when memory is short: then a copy waits for the disk once a page, and one that the disk cannot read any
/// more says so (no signal gets out of it).
public final class MappedPart: @unchecked Sendable {
    let base: UnsafeRawPointer
    let count: Int

    /// Takes over what `sluice_map` returned.
    init(_ base: UnsafeRawPointer, _ count: Int) {
        self.base = base
        self.count = count
    }

    deinit { sluice_unmap(base, count) }

    /// Brings all of it into memory; waits for the disk. False where it cannot be read.
    func populate() -> Bool { sluice_populate(base, count) == 0 }
}
