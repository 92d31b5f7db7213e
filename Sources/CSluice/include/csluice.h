#ifndef CSLUICE_H
#define CSLUICE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// CRC-32C (Castagnoli) of `length` bytes, going on from `crc` (0 to begin).
uint32_t sluice_crc32c(uint32_t crc, const void *data, size_t length);

/// A place where one thread sleeps until another wakes it. Zero-initialised.
typedef struct { uint32_t state; } sluice_parker;

/// Sleeps until woken, or for at most `nanoseconds` (negative: without limit). A wake-up that came before is not lost.
void sluice_park(sluice_parker *parker, int64_t nanoseconds);
/// Wakes the sleeper, or lets its next sleep end at once. A system call only when somebody sleeps.
void sluice_unpark(sluice_parker *parker);

/// Wall clock and monotonic clock.
int64_t sluice_wall_milliseconds(void);

// Reads what is in the page cache without waiting for the disk: bytes read, fewer than asked for where the rest is not
// there (or the file system cannot tell, which reads as nothing), -1 with errno for an error.
ssize_t sluice_read_cached(int descriptor, void *buffer, size_t bytes, int64_t offset);
int64_t sluice_monotonic_nanoseconds(void);

/// A detached thread with the given name running `body(context)`. Returns 0 or an errno value.
int sluice_thread(const char *name, size_t stack_bytes, void (*body)(void *), void *context);

/// Maps part of a file for reading, with everything in it brought into memory first: waits for the disk. `offset` is a
/// multiple of the page size. NULL with errno where it cannot be read, or the kernel (before 5.14) cannot promise it.
const void *sluice_map(int descriptor, size_t length, int64_t offset);
/// Brings what was thrown out of memory meanwhile back: waits for the disk. -1 with errno where it cannot be read.
int sluice_populate(const void *base, size_t length);
void sluice_unmap(const void *base, size_t length);
typedef struct { const void *source; void *target; size_t length; } sluice_copy;
/// Copies from such mappings. -1 where a file cannot be read there any more, which is a signal (SIGBUS) otherwise.
int sluice_copy_mapped(const sluice_copy *copies, size_t count);

/// Name of the file system a path is on, such as `ext4`.
const char *sluice_file_system(const char *path);

/// CPU time of this process in nanoseconds, user and system.
int64_t sluice_cpu_nanoseconds(void);

/// Resident set of this process in bytes, now and at its highest.
int64_t sluice_resident_bytes(void);
int64_t sluice_peak_resident_bytes(void);

#endif
