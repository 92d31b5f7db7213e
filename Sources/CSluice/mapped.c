#define _GNU_SOURCE
#include "csluice.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

// Where a copy goes on whose source could not be read; NULL outside of one.
static _Thread_local sigjmp_buf *volatile landing;
static struct sigaction before;

static void on_bus(int number, siginfo_t *info, void *context) {
    (void)context;
    if (landing) siglongjmp(*landing, 1);
    // Not ours: what was there before does what it did, when the access is tried again.
    sigaction(number, &before, NULL);
    if (info->si_code <= 0) raise(number);
}

static void install(void) {
    // The signal is not blocked while the handler runs, since the handler is left by a jump.
    struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &before);
}

int sluice_populate(const void *base, size_t length) {
    while (madvise((void *)base, length, MADV_POPULATE_READ) != 0)
        if (errno != EINTR && errno != EAGAIN) return -1;
    return 0;
}

const void *sluice_map(int descriptor, size_t length, int64_t offset) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    // Large reads where it comes from the disk, as its end does. A hint: that it is refused says nothing.
    char end;
    if (sluice_read_cached(descriptor, &end, 1, offset + (int64_t)length - 1) < 1)
        posix_fadvise(descriptor, offset, (off_t)length, POSIX_FADV_WILLNEED);
    void *base = mmap(NULL, length, PROT_READ, MAP_SHARED, descriptor, offset);
    if (base == MAP_FAILED) return NULL;
    if (sluice_populate(base, length) == 0) return base;
    int reason = errno;
    munmap(base, length);
    errno = reason;
    return NULL;
}

void sluice_unmap(const void *base, size_t length) { munmap((void *)base, length); }

// Copies that are under way to the cache while one is made, and how much of each: the hardware finds the rest.
#define AHEAD 4
#define LINES 6

static inline void fetch_ahead(const sluice_copy *copy) {
    size_t lines = (copy->length + 63) / 64;
    for (size_t line = 0; line < lines && line < LINES; line++)
        __builtin_prefetch((const char *)copy->source + 64 * line);
}

int sluice_copy_mapped(const sluice_copy *copies, size_t count) {
    sigjmp_buf here;
    if (sigsetjmp(here, 0) != 0) {
        landing = NULL;
        return -1;
    }
    landing = &here;
    atomic_signal_fence(memory_order_seq_cst);
    for (size_t n = 0; n < count && n < AHEAD; n++) fetch_ahead(&copies[n]);
    for (size_t n = 0; n < count; n++) {
        if (n + AHEAD < count) fetch_ahead(&copies[n + AHEAD]);
        memcpy(copies[n].target, copies[n].source, copies[n].length);
    }
    atomic_signal_fence(memory_order_seq_cst);
    landing = NULL;
    return 0;
}
