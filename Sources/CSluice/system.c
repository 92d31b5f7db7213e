#define _GNU_SOURCE
#include "csluice.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { EMPTY = 0, NOTIFIED = 1, SLEEPING = 2 };

void sluice_park(sluice_parker *parker, int64_t nanoseconds) {
    _Atomic uint32_t *state = (_Atomic uint32_t *)&parker->state;
    uint32_t seen = EMPTY;
    if (!atomic_compare_exchange_strong(state, &seen, SLEEPING)) {
        atomic_store(state, EMPTY);
        return;
    }
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    syscall(SYS_futex, &parker->state, FUTEX_WAIT_PRIVATE, SLEEPING, nanoseconds < 0 ? NULL : &time, NULL, 0);
    // A spurious end of the wait is an early wake-up, which every caller has to bear anyway.
    atomic_store(state, EMPTY);
}

void sluice_unpark(sluice_parker *parker) {
    _Atomic uint32_t *state = (_Atomic uint32_t *)&parker->state;
    if (atomic_exchange(state, NOTIFIED) == SLEEPING)
        syscall(SYS_futex, &parker->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

int64_t sluice_wall_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t sluice_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct start { void (*body)(void *); void *context; };

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    start.body(start.context);
    return NULL;
}

int sluice_thread(const char *name, size_t stack_bytes, void (*body)(void *), void *context) {
    struct start *start = malloc(sizeof *start);
    if (!start) return ENOMEM;
    *start = (struct start){body, context};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, run, start);
    pthread_attr_destroy(&attributes);
    if (error) { free(start); return error; }
    char brief[16] = {0};
    strncpy(brief, name, 15);
    pthread_setname_np(thread, brief);
    return 0;
}

const char *sluice_file_system(const char *path) {
    struct statfs info;
    if (statfs(path, &info) != 0) return "unknown";
    switch ((unsigned long)info.f_type) {
    case 0xEF53: return "ext4";
    case 0x58465342: return "xfs";
    case 0x9123683E: return "btrfs";
    case 0x01021994: return "tmpfs";
    case 0x794C7630: return "overlay";
    case 0x2FC12FC1: return "zfs";
    case 0x6969: return "nfs";
    case 0xF2F52010: return "f2fs";
    default: return "other";
    }
}

int64_t sluice_cpu_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t sluice_resident_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;
    if (!file) return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

int64_t sluice_peak_resident_bytes(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

ssize_t sluice_read_cached(int descriptor, void *buffer, size_t bytes, int64_t offset) {
    size_t done = 0;
    while (done < bytes) {
        struct iovec part = {(char *)buffer + done, bytes - done};
        ssize_t got = preadv2(descriptor, &part, 1, offset + (off_t)done, RWF_NOWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno != EAGAIN && errno != EOPNOTSUPP && errno != ENOSYS) return -1;
        if (got <= 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}
